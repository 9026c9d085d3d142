import { createDecoder } from '../../src/decode.js';
import { number } from '../../src/errors.js';
import type { ArpEvent, Flow, FlowEnd, TrafficEvent } from '../../src/flow.js';
import { arpEvent } from '../../src/flows/arp.js';
import { createTally } from '../../src/flows/counters.js';
import { createFragments } from '../../src/flows/fragments.js';
import { loopTimeouts, type Timeouts } from '../../src/flows/timeouts.js';
import type { Ignored, Malformed, Packet } from '../../src/packet.js';
import type { Checksums } from '../../src/packets/verify.js';
import { type Connection, toFlow } from './flows/connection.js';
import { createFiveTupleView } from './flows/five-tuple.js';
import { createIndexTable } from './flows/index-table.js';
import type { View } from './flows/view.js';
import { createWheel } from './flows/wheel.js';
import { createZeekView } from './flows/zeek.js';

export { loopTimeouts, type Timeouts, zeekTimeouts } from '../../src/flows/timeouts.js';
export type { Checksums } from '../../src/packets/verify.js';

export interface FlowTableOptions {
  /** Silence that ends a flow, in seconds, for every protocol; overrides the time-outs' own. */
  readonly idle?: number;
  /** Age at which a flow is cut, in seconds; overrides the time-outs' own. */
  readonly active?: number;
  /** How long each kind of connection lives. Default: idle 120 s, active 1,800 s; `zeekTimeouts` for Zeek's own. */
  readonly timeouts?: Timeouts;
  /** Flows open at once, about 1 kB each; beyond, the one nearest to its end is closed as 'evicted' and counted. Default 500,000. */
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
  readonly loss: { readonly acks: number; readonly gaps: number };
}

export interface FlowTable {
  /** Takes the next packet, or what a decoder says of a frame that holds none. Packets in the order of capture. */
  push(packet: Packet | Malformed | Ignored): void;
  /** Moves the clock on (microseconds since the epoch; never back) and takes the flows closed since the last call, in the order of closing. */
  expire(now: number): Flow[];
  /** Closes all that is open, oldest first, and takes what was closed since the last call. */
  flush(): Flow[];
  counters(): FlowCounters;
}

const SECOND = 1e6;
/** A packet this far behind the clock means that the clock was wrong, not the packet late. */
const JUMP = 60 * SECOND;

/**
 * Packets to flows. State grows with open flows only, up to `maxFlows`.
 * @throws NL_OPTION
 * @example
 * const table = createFlowTable({ on: (event) => rules.observe(event) });
 * table.push(decoder.frame(bytes, 0, bytes.length, bytes.length, ts, linkTypes.ETHERNET));
 * for (const flow of table.flush()) console.log(flow.orig_h, flow.conn_state);
 */
export function createFlowTable(options: FlowTableOptions = {}): FlowTable {
  const timeouts = resolve(options);
  const maxFlows = number('maxFlows', options.maxFlows ?? 500_000, { min: 1, integer: true });
  const seed = (options.seed ?? 0x6e65746c) | 0;
  const service = options.service ?? (() => '-');
  const fiveTuple = options.view === 'five-tuple';
  const { on } = options;
  const index = createIndexTable<Connection>();
  const wheel = createWheel<Connection>();
  const ignored = createTally();
  const noted = createTally();
  const ends: Record<FlowEnd, number> = { closed: 0, idle: 0, active: 0, flushed: 0, evicted: 0, recorded: 0 };
  const fragments = createFragments(noted);
  const loss = { acks: 0, gaps: 0 };
  const decoder = createDecoder();
  let done: Flow[] = [];
  let clock = Number.NEGATIVE_INFINITY;
  let packets = 0;
  let flowPackets = 0;
  let opened = 0;
  let sinceRewind = 0;

  function close(conn: Connection, end: FlowEnd): void {
    index.remove(conn);
    ends[end]++;
    const flow = toFlow(conn, end, service);
    done.push(flow);
    on?.({ kind: 'closed', ts: Math.max(clock, conn.last), flow });
  }

  function drop(conn: Connection, end: FlowEnd): void {
    wheel.remove(conn);
    close(conn, end);
  }

  function advance(now: number): void {
    if (now > clock) clock = now;
    for (const conn of wheel.advance(clock)) {
      // Packets move `due` on without telling the wheel.
      if (conn.due <= clock) close(conn, view.why(conn));
      else wheel.add(conn);
    }
  }

  const view: View = (fiveTuple ? createFiveTupleView : createZeekView)({
    seed,
    timeouts,
    checksums: options.checksums ?? 'check',
    likelyServers: options.likelyServers ?? true,
    index,
    ignored,
    fragments,
    decoder,
    loss,
    open(conn) {
      if (index.size() >= maxFlows) evict();
      opened++;
      index.add(conn);
    },
    settle(conn, isNew, before, counted) {
      if (counted) flowPackets++;
      const due = view.due(conn);
      if (isNew) {
        conn.due = due;
        wheel.add(conn);
      } else if (due < conn.due) {
        wheel.remove(conn);
        conn.due = due;
        wheel.add(conn);
      } else conn.due = due;
      if (on === undefined) return;
      if (isNew) on({ kind: 'opened', ts: clock, flow: toFlow(conn, 'flushed', service) });
      else if (conn.history !== before) on({ kind: 'updated', ts: clock, flow: toFlow(conn, 'flushed', service) });
    },
    drop,
  });

  /**
   * The clock jumped back: a file of an earlier day follows, or one packet's time was absurd. Else nothing would fall silent until the
   * old time came again. At most once in as many packets as flows are open, so that nobody can make it cost.
   */
  function rewind(now: number): void {
    noted.add('clock jumped back');
    sinceRewind = 0;
    clock = now;
    const open = wheel.drain();
    wheel.restart(now);
    for (const conn of open) {
      conn.opened = Math.min(conn.opened, now);
      conn.touched = Math.min(conn.touched, now);
      conn.closing = conn.closing < Number.POSITIVE_INFINITY ? Math.min(conn.closing, now + timeouts.close) : conn.closing;
      conn.due = view.due(conn);
      wheel.add(conn);
    }
  }

  /** Closes what is nearest to its natural end. */
  function evict(): void {
    const victim = wheel.first();
    if (victim !== null) drop(victim, 'evicted');
  }

  function arp(packet: Packet): void {
    const event: ArpEvent | null = arpEvent(packet);
    ignored.add(event === null ? 'arp of other kinds' : 'arp');
    if (event !== null) on?.(event);
  }

  function take(packet: Packet, carrier: number): void {
    packets++;
    if (packet.innerStop !== '') noted.add(packet.innerStop);
    const { sibling } = packet;
    if (packet.version === 0) arp(packet);
    else view.packet(packet, clock, carrier, take);
    if (sibling !== null) take(sibling, carrier);
  }

  return {
    push(packet) {
      if (packet.ts < clock) noted.add('clock ran back');
      sinceRewind++;
      // The five-tuple view's clock is moved by IP packets only, and never back.
      if (!fiveTuple) {
        if (clock - packet.ts > JUMP && sinceRewind > index.size()) rewind(packet.ts);
        advance(packet.ts);
      } else if (packet.kind === 'packet' && packet.version !== 0) advance(packet.ts);
      if (packet.kind === 'packet') return take(packet, -1);
      packets++;
      ignored.add(packet.kind === 'ignored' ? packet.reason : `malformed ${packet.layer}`);
    },
    expire(now) {
      advance(now);
      const taken = done;
      done = [];
      return taken;
    },
    flush() {
      for (const conn of wheel.drain()) close(conn, 'flushed');
      ignored.add('fragment never completed', fragments.flush());
      const taken = done;
      done = [];
      return taken;
    },
    counters: () => ({
      packets,
      flowPackets,
      ignored: ignored.entries(),
      noted: noted.entries(),
      opened,
      open: index.size(),
      closed: { ...ends },
      waiting: fragments.waiting(),
      loss: { ...loss },
    }),
  };
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
