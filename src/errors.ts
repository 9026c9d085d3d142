/**
 * Every error a user can meet, by code: what it means and what to do.
 * The README lists exactly these, and GUIDE.md has a section for each; tests hold them equal.
 */
export const codes = {
  NL_OPTION: 'An option is outside its range. The message names the option, the rule and the value.',
  NL_SPEC: 'An experiment file has an unknown key or a value of the wrong kind. The message names the key and the nearest right one.',
  NL_FILE_MISSING: 'A file does not exist or cannot be read. Check the path and the rights.',
  NL_FILE_EMPTY: 'A file holds nothing. Capture again, or name another file.',
  NL_FILE_FORMAT: 'A file is not of a kind netloop reads, or its content contradicts its name.',
  NL_FILE_CORRUPT: 'A file is damaged from the byte or row given on; what came before it has been delivered.',
  NL_STORE_WRITE: 'The store cannot be written (read-only or full disk). Free space or set NETLOOP_HOME to a writable folder.',
  NL_STORE_LAYOUT: 'A store was made by another version of netloop or MLflow. The message says which and how to move it.',
  NL_MODEL_SCHEMA: 'A model does not fit: another feature schema, encoder, length or architecture than expected.',
  NL_MODEL_CORRUPT:
    'A model file is truncated or its hash does not match. The last good version stays in place; roll back or import again.',
  NL_MODEL_UNKNOWN: 'No model of this name, version or alias. `netloop models list` shows what there is.',
  NL_GATE: 'The gate refused this version, or never judged it. Promote another, or say `--force --why` and it stands in the audit trail.',
  NL_LAYER_UNKNOWN: 'A model file holds a layer or operation that netloop does not know. The message names it.',
  NL_NO_SEQUENCES: 'No sequences could be built: too few flows a user, or no user column. Collect longer or shorten the sequences.',
  NL_NO_USER: 'The user column does not exist in the source. Name one that does, or leave it out to use the source address.',
  NL_ONE_CLASS: 'Only one class is present, so nothing can be learnt or judged.',
  NL_BAD_VALUE: 'A feature is NaN or infinite. The message names the row and the column.',
  NL_WORKER: 'A training worker or a capturing process died. The cycle is marked failed; the champion goes on serving.',
  NL_CANCELLED: 'The caller cancelled.',
  NL_RIGHTS: 'A right or a program is missing. The message names it and how to get it.',
  NL_DATASET: 'A data set is absent or its hash differs from the recorded one.',
  NL_RUN_UNKNOWN: 'No run or experiment of this name.',
  NL_NOT_KEPT: 'A live run cannot be run again: what it saw was not kept, or has been erased. Set `keep: window` before the next.',
  NL_BUSY: 'Another process holds this store or this work.',
  NL_NOT_RUNNING: 'The service has no sniffer running, which this needs. Start the sniffer first.',
  NL_TOO_FEW: 'A cycle was asked for, but the window holds too few samples. The message says how many are needed and how many there are.',
  NL_TOKEN: 'The service asks for a token, or was called from a foreign page. Send `Authorization: Bearer` with NETLOOP_TOKEN.',
  NL_NOT_FOUND: 'The service has nothing at this address. `/docs` lists what there is.',
  NL_TOO_MUCH: 'The service was sent too much, too often, or by too many at once. Send less, or wait.',
  NL_SERVER:
    'An MLflow server does not answer, refuses, or is of an unknown version. The message says which and what to do; learning goes on.',
  NL_INTERNAL: 'Something broke inside the service. Its log has the whole story.',
} as const;

export type Code = keyof typeof codes;

/** What somebody sees who meets it: the heading of its section in GUIDE.md. */
export const symptoms: { readonly [code in Code]: string } = {
  NL_OPTION: 'An option is refused',
  NL_SPEC: 'A configuration is refused',
  NL_FILE_MISSING: 'A file is not found',
  NL_FILE_EMPTY: 'A file is empty',
  NL_FILE_FORMAT: 'A file is not recognised',
  NL_FILE_CORRUPT: 'A file is damaged',
  NL_STORE_WRITE: 'Nothing can be written',
  NL_STORE_LAYOUT: 'A store is of another version',
  NL_MODEL_SCHEMA: 'A model does not fit',
  NL_MODEL_CORRUPT: 'The model is not reloading',
  NL_MODEL_UNKNOWN: 'No such model',
  NL_GATE: 'A version may not go live',
  NL_LAYER_UNKNOWN: 'Unknown layer',
  NL_NO_SEQUENCES: 'No sequences built',
  NL_NO_USER: 'No such user column',
  NL_ONE_CLASS: 'Only one class',
  NL_BAD_VALUE: 'A feature is not a number',
  NL_WORKER: 'Training fails',
  NL_CANCELLED: 'It was stopped',
  NL_RIGHTS: 'A right or a program is missing',
  NL_DATASET: 'A data set is absent or different',
  NL_RUN_UNKNOWN: 'No such run',
  NL_NOT_KEPT: 'A live run cannot be repeated',
  NL_BUSY: 'Another process is at work',
  NL_NOT_RUNNING: 'No sniffer is running',
  NL_TOO_FEW: 'Not enough samples',
  NL_TOKEN: 'A token is asked for',
  NL_NOT_FOUND: 'Nothing at this address',
  NL_TOO_MUCH: 'Too much at once',
  NL_SERVER: 'The MLflow server is away',
  NL_INTERNAL: 'Something broke inside',
};

/** Where the guide speaks of a code. @example guideOf('NL_NO_SEQUENCES')  // 'GUIDE.md#no-sequences-built' */
export const guideOf = (code: Code): string => `GUIDE.md#${symptoms[code].toLowerCase().replaceAll(' ', '-')}`;

/** Where an error happened: a file with a byte offset or row, an option, a layer. */
export interface Where {
  readonly file?: string;
  readonly byte?: number;
  readonly row?: number;
  readonly [key: string]: unknown;
}

/** A broken promise, coded. The message says what, the rule, the value and what to do; `cause` keeps what lay beneath. */
export class NetloopError extends Error {
  readonly code: Code;
  readonly where: Where;
  constructor(code: Code, message: string, options: { cause?: unknown; where?: Where } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'NetloopError';
    this.code = code;
    this.where = options.where ?? {};
  }
}

export const isNetloopError = (error: unknown): error is NetloopError => error instanceof NetloopError;

/**
 * Checks one numeric option where it enters.
 * @example number('overlap', 0.5, { min: 0, below: 1 })  // 0.5
 * @throws NL_OPTION `invalid overlap: expected a number in [0, 1), got 2`
 */
export function number(name: string, value: unknown, rule: { min?: number; max?: number; below?: number; integer?: boolean } = {}): number {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, below = Number.POSITIVE_INFINITY, integer = false } = rule;
  const ok = typeof value === 'number' && value >= min && value <= max && value < below && (!integer || Number.isInteger(value));
  if (ok) return value;
  const range = `${Number.isFinite(min) ? `[${min}` : '(-inf'}, ${below < max ? `${below})` : Number.isFinite(max) ? `${max}]` : 'inf)'}`;
  throw new NetloopError(
    'NL_OPTION',
    `invalid ${name}: expected ${integer ? 'a whole number' : 'a number'} in ${range}, got ${String(value)}`,
    {
      where: { option: name },
    },
  );
}
