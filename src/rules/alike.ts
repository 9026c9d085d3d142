/** Payload of one conversation, bytes from the client and from the server. */
export interface Sizes {
  readonly up: number;
  readonly down: number;
}

/** Bytes by which any two conversations may differ, so that tiny ones (FTP, telnet) are not held to a share of very little. */
export const SLACK = 200;

/** Whether most conversations are of one size each way, to a `spread` of the middle one: a lucky guess or a network fault does not hide the rest. */
export function alike(tries: readonly Sizes[], spread: number): boolean {
  const near = (pick: (x: Sizes) => number): boolean => {
    const sorted = tries.map(pick).sort((a, b) => a - b);
    const middle = sorted[sorted.length >> 1]!;
    const within = sorted.filter((x) => Math.abs(x - middle) <= Math.max(spread * middle, SLACK)).length;
    return within >= 0.8 * sorted.length;
  };
  return near((x) => x.up) && near((x) => x.down);
}
