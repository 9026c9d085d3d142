import { type Code, codes, NetloopError } from '../errors.js';

/** What a trial elsewhere said last, as the error it was; `what` says how it ended where it named no code. */
export function failure(said: string, what: string): NetloopError {
  const coded = [...said.matchAll(/^(NL_[A-Z_]+) (.*)$/gm)].reverse().find(([, name]) => Object.hasOwn(codes, name!));
  if (coded) return new NetloopError(coded[1] as Code, coded[2]!);
  const lines = said.trim().split('\n');
  // Node ends an uncaught error with its own version; what was thrown stands above.
  const last = lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '';
  return new NetloopError('NL_WORKER', `${what}${last ? `: ${last.slice(0, 500)}` : ''}`);
}
