import type { Flow } from './flow.js';

/** What a file or wire said that could not be used, counted by kind; `where` is the first place it was seen. */
export interface Damage {
  readonly kind: string;
  readonly count: number;
  readonly where: string;
}

/** Raw frames side by side in one buffer: frame i is bytes[offset[i] .. offset[i] + captured[i]). Valid until the next batch is asked for. */
export interface Frames {
  readonly kind: 'frames';
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly offset: Uint32Array;
  /** Octets present in the buffer. */
  readonly captured: Uint32Array;
  /** Octets on the wire. */
  readonly length: Uint32Array;
  /** Microseconds since the epoch. */
  readonly ts: Float64Array;
  /** Link type of each frame (the LINKTYPE_ number of pcap). */
  readonly link: Uint16Array;
  /**
   * A wire's clock, microseconds since the epoch, at least about once a second while nothing arrives (count 0): flows end and rules go on
   * without waiting for the next packet. Files have none: their time is that of their packets.
   */
  readonly now?: number;
}

/** Finished connections that a log or a data set already holds, in the order of the source. */
export interface Flows {
  readonly kind: 'flows';
  readonly flows: readonly Flow[];
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Called at most once a batch. `total` is null where the end is unknown (a live wire, a pipe). Bytes of the source as stored. */
  readonly onProgress?: (done: number, total: number | null) => void;
}

/**
 * Where traffic comes from: a capture file, a wire, a log of connections. Live and replay differ only in the source.
 * Reading pulls: a slow reader slows the source (files) or is told what was dropped (wires, in `damage`).
 * @throws NL_FILE_MISSING, NL_FILE_EMPTY, NL_FILE_FORMAT before the first batch; NL_FILE_CORRUPT after the last good one
 */
export interface Source {
  /** For people: a path or an interface. */
  readonly name: string;
  readonly yields: 'frames' | 'flows';
  /** A wire: it does not wait for its reader. Files are replayed, and the reader may hold them back. */
  readonly live?: boolean;
  /** Records without a time of their own, in an order that says nothing. */
  readonly untimed?: boolean;
  /** Truth of the flows in a capture that was recorded with it. */
  labelOf?(flow: Flow): { readonly label: 0 | 1; readonly attack?: string };
  read(options?: ReadOptions): AsyncIterable<Frames | Flows>;
  /** What was skipped so far, by kind. */
  damage(): readonly Damage[];
}
