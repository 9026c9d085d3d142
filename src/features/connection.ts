import type { ConnState } from '../flow.js';

/** No error, a SYN error, or a rejection: what KDD's serror and rerror rates count. */
export const NONE = 0;
export const SYN_ERROR = 1;
export const REJECTED = 2;
export type ErrorClass = typeof NONE | typeof SYN_ERROR | typeof REJECTED;

/** One finished connection as the windows see it: small integers. */
export interface Seen {
  /** Destination host, >= 1. */
  readonly host: number;
  /** Service, >= 1. */
  readonly service: number;
  readonly sourcePort: number;
  readonly error: ErrorClass;
}

/**
 * The error classes of the real KDD rows (rows whose window holds only themselves show them): S0-S3 and SH are SYN errors, REJ and the
 * resets are rejections; SF and OTH are neither. SHR and RSTRH never occur there and follow their twins SH and RSTR.
 */
export const kddErrors: Readonly<Record<ConnState, ErrorClass>> = {
  S0: SYN_ERROR,
  S1: SYN_ERROR,
  S2: SYN_ERROR,
  S3: SYN_ERROR,
  SH: SYN_ERROR,
  SHR: SYN_ERROR,
  REJ: REJECTED,
  RSTO: REJECTED,
  RSTR: REJECTED,
  RSTOS0: REJECTED,
  RSTRH: REJECTED,
  SF: NONE,
  OTH: NONE,
};

/** gureKDDCup's error classes: S0-S3 are SYN errors, REJ alone is a rejection. */
export const gureErrors: Readonly<Record<ConnState, ErrorClass>> = {
  ...kddErrors,
  SH: NONE,
  SHR: NONE,
  RSTO: NONE,
  RSTR: NONE,
  RSTOS0: NONE,
  RSTRH: NONE,
};
