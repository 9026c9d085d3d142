import type { Alert } from '../alert.js';

/** One alert as a line: seconds, Zeek's names. */
export const alertLine = ({ ts, source, rule, orig_h, resp_h, orig_p, resp_p, score, evidence, model_version, id }: Alert): string =>
  JSON.stringify({ ts: ts / 1e6, source, rule, orig_h, resp_h, orig_p, resp_p, score, evidence, model_version, id });
