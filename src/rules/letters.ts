/** What the letters of a history say to rules. */
export interface Letters {
  /** It begins with a SYN from the originator: a connection is asked for. */
  readonly asked: boolean;
  /** Something shows that the capture began inside the connection: a half of the handshake, or payload from the originator, comes first. */
  readonly inside: boolean;
  /** The responder accepted: SYN-ACK, or payload. */
  readonly accepted: boolean;
  /** The originator sent payload. */
  readonly spoke: boolean;
  /** The responder sent a reset. */
  readonly refused: boolean;
  /** Somebody ended it: FIN or reset. */
  readonly ended: boolean;
  /** A SYN and a SYN-ACK, and nothing from the originator since. */
  readonly greeted: boolean;
  /** An earlier letter has already shown payload from the originator, and with it an outcome. */
  readonly oldNews: boolean;
}

function readLetters(history: string): Letters {
  const first = history.indexOf('D');
  const last = history.length - 1;
  return {
    // Zeek's letters: S is a SYN from the originator; 'h', 'H', 's' first mean the middle or the wrong half of a connection.
    asked: history.startsWith('S') || history.startsWith('^S'),
    inside: /[shSHdD]/.test(history),
    accepted: history.includes('h') || history.includes('d'),
    spoke: first >= 0,
    refused: history.includes('r'),
    ended: /[FfRr]/.test(history),
    greeted: /^\^?S+h+$/.test(history),
    oldNews: first >= 0 && first < last && history.indexOf('d') < last,
  };
}

/** Flows share a few histories: each is read once. */
const REMEMBERED = 4096;
const known = new Map<string, Letters>();
/** What was asked last is often asked again. */
let last = '';
let lastLetters = readLetters('');

/** What a flow's history says; it is a function of the text alone. */
export function lettersOf(history: string): Letters {
  if (history === last) return lastLetters;
  let letters = known.get(history);
  if (letters === undefined) {
    letters = readLetters(history);
    if (known.size >= REMEMBERED) known.clear();
    known.set(history, letters);
  }
  last = history;
  lastLetters = letters;
  return letters;
}

export const isOldNews = (history: string): boolean => lettersOf(history).oldNews;
