/** What a capturing process is started with. */
export interface CaptureJob {
  readonly interface: string;
  /** pcap-filter(7); '' takes everything. */
  readonly filter: string;
  /** Octets kept of a frame. */
  readonly snapLength: number;
  /** The kernel's ring, and the queue of frames that wait for the reader, each so large. */
  readonly bufferBytes: number;
  /** Default: the addon, or tcpdump where the addon is absent. */
  readonly through?: Through;
  /** A capture file instead of an interface, read as fast as it goes: for measuring the hand-over. */
  readonly file?: string;
}

export type Through = 'addon' | 'tcpdump';

/** Frames so far. */
export interface CaptureCounts {
  /** Passed the filter and came to the process, those dropped for the reader among them; null where the tool does not say. */
  readonly received: number | null;
  /** Dropped because the kernel's ring was full. */
  readonly kernel: number;
  /** Dropped by the device or its driver. */
  readonly device: number;
  /** Dropped because the reader was slow and the queue full. */
  readonly reader: number;
}

export const noCounts: CaptureCounts = { received: 0, kernel: 0, device: 0, reader: 0 };

/** What the process says besides the frames, which go through a pipe of their own as a pcap stream. */
export type CaptureNews =
  | { readonly kind: 'ready'; readonly through: Through }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'counts'; readonly counts: CaptureCounts };

/** A capture inside the capturing process. */
export interface Tap {
  readonly through: Through;
  counts(): CaptureCounts;
  /** Resolves when it has ended by itself (a file's end) or died. */
  readonly ended: Promise<void>;
  /** Hands over what waits, for at most a second, then lets go. */
  stop(): Promise<void>;
  /** Lets go at once. */
  kill(): void;
}
