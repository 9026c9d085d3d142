/** Longest history kept: S, H, F and R may come again with every new sequence number. */
const LONGEST = 64;

/** Adds one letter of Zeek's `history`: upper case from the originator, lower case from the responder. */
export function addLetter(conn: { history: string }, letter: string, fromOrig: boolean): void {
  if (conn.history.length < LONGEST) conn.history += fromOrig ? letter : letter.toLowerCase();
}

/** True at the 1st, 10th, 100th … time: how Zeek enters letters that tell how often. */
export function scaled(count: number): boolean {
  let power = 1;
  while (power < count) power *= 10;
  return power === count;
}
