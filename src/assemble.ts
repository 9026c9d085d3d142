import { createDecoder } from './decode.js';
import { number } from './errors.js';
import type { ArpEvent, Flow, FlowEnd, TrafficEvent } from './flow.js';
import { arpEvent, isArp } from './flows/arp.js';
import { createTally } from './flows/counters.js';
import { createFragments } from './flows/fragments.js';
import { createKernel, FRAMES, ROOM } from './flows/kernel.js';
import { createFiveTupleWay, createZeekWay } from './flows/rare.js';
import { createRowReader } from './flows/rows.js';
import { loopTimeouts, type Timeouts } from './flows/timeouts.js';
import type { Ignored, Malformed, Packet } from './packet.js';
import type { Checksums } from './packets/verify.js';

export { loopTimeouts, type Timeouts, zeekTimeouts } from './flows/timeouts.js';
export type { Checksums } from './packets/verify.js';

export interface FlowTableOptions {
  /** Silence that ends a flow, in seconds, for every protocol; overrides the time-outs' own. */
  readonly idle?: number;
  /** Age at which a flow is cut, in seconds; overrides the time-outs' own. */
  readonly active?: number;
  /** How long each kind of connection lives. Default: idle 120 s, active 1,800 s; `zeekTimeouts` for Zeek's own. */
  readonly timeouts?: Timeouts;
  /** Flows open at once, about 300 octets each; beyond, the one nearest to its end is closed as 'evicted' and counted. Default 500,000. */
  readonly maxFlows?: number;
  /** What a flow is: Zeek's connections (states, TCP's ends, reuse), or the bare five-tuple with time-outs. */
  readonly view?: 'zeek' | 'five-tuple';
  /** Whether packets with a wrong checksum are set aside: 'check' as Zeek does, 'offload' not those a network card had yet to fill in. */
  readonly checksums?: Checksums;
  /** Whether a connection seen first from a well-known server's port is turned round ('^' in the history). Zeek's bare mode does not. */
  readonly likelyServers?: boolean;
  /** Seeds the hash, so that nobody outside can aim at a slot. Results do not depend on it. */
  readonly seed?: number;
  /** Names a responder's port. */
  readonly service?: (proto: string, port: number) => string;
  readonly on?: (event: TrafficEvent) => void;
  /** Which events `on` is told of: all, or only the ends of flows (and ARP), which costs less. Default 'all'. */
  readonly events?: 'all' | 'closed';
  /** What `on` gets for a flow that ended: a value of its own, or a view as of an open one, which costs less. Default 'values'. */
  readonly ended?: 'values' | 'views';
  /** False: flows are counted and not kept, so that `expire` and `flush` answer nothing. Default true. */
  readonly keep?: boolean;
}

/** What went through a flow table, by kind. `packets` = `flowPackets` + everything in `ignored` + what waits in fragments. */
export interface FlowCounters {
  /** Packets pushed; those inside tunnels count on their own. */
  readonly packets: number;
  /** Packets that belong to a flow, open or closed. */
  readonly flowPackets: number;
  /** Packets set aside, by reason. */
  readonly ignored: Readonly<Record<string, number>>;
  /** Noted on packets that did count: a tunnel's unreadable content, overlapping fragments, a clock that ran back. */
  readonly noted: Readonly<Record<string, number>>;
  /** Flows opened, open now, closed by why. */
  readonly opened: number;
  readonly open: number;
  readonly closed: Readonly<Record<FlowEnd, number>>;
  /** Packets held back as fragments. */
  readonly waiting: number;
  readonly loss: CaptureLoss;
}

/**
 * How much of the traffic the capture missed, judged by TCP itself: acknowledgements that moved on in connections whose beginning was seen,
 * and those among them of octets that were never captured. gaps / acks is the estimate of Zeek's capture-loss script.
 */
export interface CaptureLoss {
  readonly acks: number;
  readonly gaps: number;
}

/** Frames side by side in one buffer; `source.ts` says what each column is. */
export interface FrameBatch {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly offset: Uint32Array;
  readonly captured: Uint32Array;
  readonly length: Uint32Array;
  readonly ts: Float64Array;
  readonly link: Uint16Array;
}

export interface FlowTable {
  /** Decodes and takes the frames [from, to) of a batch, in the order of capture: the way for whole sources, several times faster than `push`. */
  frames(batch: FrameBatch, from?: number, to?: number): void;
  /** Takes the next packet, or what a decoder says of a frame that holds none. Packets in the order of capture. */
  push(packet: Packet | Malformed | Ignored): void;
  /** Moves the clock on (microseconds since the epoch; never back) and takes the flows closed since the last call, in the order of closing. */
  expire(now: number): Flow[];
  /** Closes all that is open, oldest first, and takes what was closed since the last call. */
  flush(): Flow[];
  counters(): FlowCounters;
}

const SECOND = 1e6;

/**
 * Packets to flows. Plain frames are decoded, and all flows kept, in WebAssembly (`src/kernels/flow-assembly`); whatever is rare (fragments,
 * tunnels, damage, other links) is read by the decoder here and handed to the same flows. State grows with open flows only, up to `maxFlows`.
 * @throws NL_OPTION
 * @example
 * const table = createFlowTable({ on: (event) => rules.observe(event) });
 * for await (const batch of source.read()) table.frames(batch);
 * for (const flow of table.flush()) console.log(flow.orig_h, flow.conn_state);
 */
export function createFlowTable(options: FlowTableOptions = {}): FlowTable {
  const { on, keep = true, checksums = 'check', service = () => '-' } = options;
  const fiveTuple = options.view === 'five-tuple';
  const asValues = keep || options.ended !== 'views';
  const told = options.events === 'closed' ? 'closed' : 'all';
  const kernel = createKernel({
    fiveTuple,
    seed: (options.seed ?? 0x6e65746c) | 0,
    maxFlows: number('maxFlows', options.maxFlows ?? 500_000, { min: 1, integer: true }),
    likelyServers: options.likelyServers ?? true,
    tell: on === undefined ? (keep ? 'closed' : 'nothing') : told,
    checksums,
    timeouts: resolve(options),
    drain,
  });
  const reader = createRowReader({ memory: kernel.memory, rowsAt: kernel.rowsAt, tunnels: kernel.tunnels, fiveTuple, service });
  const ignored = createTally();
  const noted = createTally();
  const fragments = createFragments(noted);
  const decoder = createDecoder();
  const way = (fiveTuple ? createFiveTupleWay : createZeekWay)({ kernel, checksums, ignored, fragments, decoder: createDecoder() });
  const batchAt = kernel.batchAt();
  const bytesAt = batchAt + FRAMES * 24;
  let done: Flow[] = [];
  let packets = 0;

  /** What the kernel has to tell, told. */
  function drain(): void {
    const rows = kernel.rowCount();
    if (rows === 0) return;
    for (let row = 0; row < rows; row++) {
      reader.look(row);
      const kind = reader.kind();
      const flow = kind === 'closed' && asValues ? reader.flow() : reader.view();
      if (kind === 'closed' && keep) done.push(flow);
      on?.({ kind, ts: reader.at(), flow, id: reader.id() });
    }
    kernel.clearRows();
  }

  function arp(packet: Packet): void {
    ignored.add(isArp(packet) ? 'arp' : 'arp of other kinds');
    const event: ArpEvent | null = on === undefined ? null : arpEvent(packet);
    if (event === null) return;
    drain();
    on?.(event);
  }

  function take(packet: Packet, carrier: number): void {
    packets++;
    if (packet.innerStop !== '') noted.add(packet.innerStop);
    const { sibling } = packet;
    if (packet.version === 0) arp(packet);
    else way(packet, carrier, take);
    if (sibling !== null) take(sibling, carrier);
  }

  function arrive(packet: Packet | Malformed | Ignored): void {
    kernel.arrive(packet.ts, packet.kind === 'packet' && packet.version !== 0);
    if (packet.kind === 'packet') take(packet, -1);
    else {
      packets++;
      ignored.add(packet.kind === 'ignored' ? packet.reason : `malformed ${packet.layer}`);
    }
  }

  /** Copies frames [from, …) with their octets into the kernel, as many as have room; answers the first that has not. */
  function load({ bytes, offset, captured, length, ts, link }: FrameBatch, from: number, to: number): number {
    const { bytes: into, words, floats } = kernel.memory();
    const start = offset[from]!;
    let end = start;
    let i = from;
    for (; i < to && i - from < FRAMES; i++) {
      const behind = offset[i]! + captured[i]!;
      if (offset[i]! < start || behind - start > ROOM) break;
      if (behind > end) end = behind;
      const n = i - from;
      floats[(batchAt >>> 3) + n] = ts[i]!;
      const w = (batchAt >>> 2) + FRAMES * 2 + n;
      words[w] = offset[i]! - start;
      words[w + FRAMES] = captured[i]!;
      words[w + FRAMES * 2] = length[i]!;
      words[w + FRAMES * 3] = link[i]!;
    }
    into.set(bytes.subarray(start, end), bytesAt);
    return i;
  }

  function frames(batch: FrameBatch, first = 0, to = batch.count): void {
    const { bytes, offset, captured, length, ts, link } = batch;
    for (let from = first; from < to; ) {
      const loaded = load(batch, from, to);
      for (let i = from; i < loaded; i++) {
        i = from + kernel.run(i - from, loaded - from);
        if (i < loaded) arrive(decoder.frame(bytes, offset[i]!, captured[i]!, length[i]!, ts[i]!, link[i]!));
      }
      // A frame larger than all the room there is.
      if (loaded === from) arrive(decoder.frame(bytes, offset[from]!, captured[from]!, length[from]!, ts[from]!, link[from]!));
      from = Math.max(loaded, from + 1);
    }
    drain();
  }

  function taken(): Flow[] {
    drain();
    const flows = done;
    done = [];
    return flows;
  }

  return {
    frames,
    push(packet) {
      arrive(packet);
      drain();
    },
    expire(now) {
      kernel.advance(now);
      return taken();
    },
    flush() {
      kernel.flush();
      ignored.add('fragment never completed', fragments.flush());
      return taken();
    },
    counters() {
      const { words, floats } = kernel.memory();
      const acks = kernel.acknowledgementsAt() >>> 3;
      const at = kernel.talliesAt() >>> 2;
      const tally = (i: number): number => words[at + i]!;
      const bad = { 'ip checksum': tally(5), 'tcp checksum': tally(6), 'icmp checksum': tally(7), 'icmp6 checksum': tally(8) };
      const back = { 'clock ran back': kernel.timesBack(), 'clock jumped back': kernel.timesJumpedBack() };
      return {
        packets: packets + kernel.packetsSeen(),
        flowPackets: kernel.flowPackets(),
        ignored: added(ignored.entries(), bad),
        loss: { acks: floats[acks]!, gaps: floats[acks + 1]! },
        noted: added(noted.entries(), back),
        opened: kernel.openedFlows(),
        open: kernel.openFlows(),
        closed: { closed: tally(0), idle: tally(1), active: tally(2), flushed: tally(3), evicted: tally(4), recorded: 0 },
        waiting: fragments.waiting(),
      };
    },
  };
}

/** Two counts by kind as one, without zeros. */
function added(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const sum: Record<string, number> = { ...a };
  for (const [kind, n] of Object.entries(b)) if (n > 0) sum[kind] = (sum[kind] ?? 0) + n;
  return sum;
}

function resolve(options: FlowTableOptions): Timeouts {
  const base = options.timeouts ?? loopTimeouts;
  const idle = options.idle === undefined ? undefined : number('idle', options.idle, { min: 0.001 });
  const active = options.active === undefined ? base.active : number('active', options.active, { min: 0.001 });
  const seconds = idle === undefined ? base : { ...base, tcpInactivity: idle, inactivity: idle, interactive: idle };
  return {
    ...seconds,
    tcpInactivity: seconds.tcpInactivity * SECOND,
    inactivity: seconds.inactivity * SECOND,
    interactive: seconds.interactive * SECOND,
    dns: seconds.dns * SECOND,
    attempt: seconds.attempt * SECOND,
    close: seconds.close * SECOND,
    active: active * SECOND,
  };
}
