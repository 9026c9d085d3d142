import type { Damage, Frames } from '../source.js';

/** Frames a batch holds at most. */
export const BATCH = 4096;

/** A batch while it is filled; the buffer it points into belongs to the reader. */
export interface Batch {
  readonly offset: Uint32Array;
  readonly captured: Uint32Array;
  readonly length: Uint32Array;
  readonly ts: Float64Array;
  readonly link: Uint16Array;
  count: number;
}

export const createBatch = (): Batch => ({
  offset: new Uint32Array(BATCH),
  captured: new Uint32Array(BATCH),
  length: new Uint32Array(BATCH),
  ts: new Float64Array(BATCH),
  link: new Uint16Array(BATCH),
  count: 0,
});

export function addFrame(batch: Batch, offset: number, captured: number, length: number, ts: number, link: number): void {
  const i = batch.count++;
  batch.offset[i] = offset;
  batch.captured[i] = captured;
  batch.length[i] = length;
  batch.ts[i] = ts;
  batch.link[i] = link;
}

export const asFrames = (batch: Batch, bytes: Uint8Array): Frames => ({
  kind: 'frames',
  count: batch.count,
  bytes,
  offset: batch.offset,
  captured: batch.captured,
  length: batch.length,
  ts: batch.ts,
  link: batch.link,
});

/** Damage by kind, with the place where each was met first. */
export interface DamageLog {
  note(kind: string, where: string): void;
  list(): readonly Damage[];
}

export function createDamageLog(): DamageLog {
  const kinds = new Map<string, { count: number; where: string }>();
  return {
    note(kind, where) {
      const known = kinds.get(kind);
      if (known) known.count++;
      else kinds.set(kind, { count: 1, where });
    },
    list: () => [...kinds].map(([kind, { count, where }]) => ({ kind, count, where })),
  };
}

/** A damaged place from which reading cannot go on. */
export interface Corrupt {
  readonly message: string;
  /** Octet of the (decompressed) content, and the packet's number from 1. */
  readonly byte: number;
  readonly packet: number;
}

/**
 * Takes records out of a growing buffer. `parse` stops where the buffer or the batch ends and answers the first octet it did not use;
 * it may answer more than `end` to have octets skipped that nobody needs.
 */
export interface CaptureParser {
  parse(bytes: Uint8Array, at: number, end: number, batch: Batch): number;
  /** Octets that the next record needs at once to be read, when `parse` made no headway. */
  needed(): number;
  corrupt(): Corrupt | null;
}

/** Records longer than this are damage: no capture tool writes them. */
export const LONGEST = 16 * 1024 * 1024;
