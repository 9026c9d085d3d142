import { connStates, type Flow, type FlowEnd } from '../flow.js';
import type { FlowMemory } from '../kernels/instantiate-flows.js';
import { addressText } from '../packet.js';
import { createHistories } from './histories.js';
import { protocolName } from './protocols.js';
import { createTexts } from './texts.js';

/** Octets of a row, and where its parts lie, in words of four octets or floats of eight (`src/kernels/flow-assembly/layout.ts`). */
const ROW = 248;
const F = { at: 0, first: 1, last: 2, origBytes: 3, respBytes: 4, origIp: 5, respIp: 6, missed: 7 } as const;
const W = {
  kind: 16,
  end: 17,
  id: 18,
  protocol: 19,
  version: 20,
  vlan: 21,
  tunnel: 22,
  state: 23,
  origPort: 24,
  respPort: 25,
  origPackets: 26,
  respPackets: 27,
  wrongFragments: 28,
  urgent: 29,
  orig: 30,
  resp: 34,
  flags: 38,
  letters: 42,
} as const;
const HISTORY = 172;

const ends: readonly FlowEnd[] = ['closed', 'idle', 'active', 'flushed', 'evicted'];
const kinds = ['opened', 'updated', 'closed'] as const;

/** What the kernel's rows say, one at a time. */
export interface RowReader {
  /** Goes to a row, of those that wait. */
  look(row: number): void;
  kind(): 'opened' | 'updated' | 'closed';
  /** Microseconds: when it happened. */
  at(): number;
  /** The flow's number, in the order of opening. */
  id(): number;
  /** The flow as it stood then: a value of its own. */
  flow(): Flow;
  /** The same, good until the next row is looked at: most of what happens to open flows is read by nobody. */
  view(): Flow;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** @param options.tunnels names by number, 0 is none */
export function createRowReader(options: {
  readonly memory: () => FlowMemory;
  readonly rowsAt: () => number;
  readonly tunnels: readonly string[];
  readonly fiveTuple: boolean;
  readonly service: (proto: string, port: number) => string;
}): RowReader {
  const { memory, rowsAt, tunnels, fiveTuple, service } = options;
  const texts4 = createTexts((_a, _b, _c, d) => addressText(4, 0, 0, 0, d));
  const texts6 = createTexts((a, b, c, d) => addressText(6, a, b, c, d));
  const histories = createHistories();
  /** Histories of up to twelve letters, which nearly all are. */
  const short = createTexts((_a, _b, _c, letters) => histories(bytes, w * 4 + HISTORY, letters));
  const rowsStart = rowsAt();
  let { bytes, words, floats } = memory();
  /** Where the row at hand lies: its first word and float. */
  let w = 0;
  let f = 0;
  /** Its addresses, once somebody has asked. */
  let orig = '';
  let resp = '';

  function history(start: number): string {
    const letters = words[w + W.letters]!;
    if (letters > 12) return histories(bytes, start + HISTORY, letters);
    const at = (start + HISTORY) >>> 2;
    return short(words[at]! | 0, words[at + 1]! | 0, words[at + 2]! | 0, letters);
  }

  function address(at: number): string {
    if (words[w + W.version] !== 6) return texts4(0, 0, 0, words[at + 3]! | 0);
    return texts6(words[at]! | 0, words[at + 1]! | 0, words[at + 2]! | 0, words[at + 3]! | 0);
  }

  /** What rules read of everything that happens is written over by each row, the rest is looked up. Fractions: no small integers here. */
  const view: Writable<Flow> = {
    get ts() {
      return floats[f + F.first]!;
    },
    get duration() {
      return Math.max(0, floats[f + F.last]! - floats[f + F.first]!);
    },
    proto: '',
    get service() {
      return service(this.proto, this.resp_p);
    },
    get orig_h() {
      if (orig === '') orig = address(w + W.orig);
      return orig;
    },
    get orig_p() {
      return words[w + W.origPort]!;
    },
    get resp_h() {
      if (resp === '') resp = address(w + W.resp);
      return resp;
    },
    get resp_p() {
      return words[w + W.respPort]!;
    },
    get conn_state() {
      return connStates[words[w + W.state]!]!;
    },
    history: '',
    orig_pkts: 0,
    orig_bytes: 0.5,
    get orig_ip_bytes() {
      return floats[f + F.origIp]!;
    },
    resp_pkts: 0,
    resp_bytes: 0.5,
    get resp_ip_bytes() {
      return floats[f + F.respIp]!;
    },
    get vlan() {
      const vlan = words[w + W.vlan]! | 0;
      return vlan < 0 ? null : vlan;
    },
    get tunnel() {
      const tunnel = words[w + W.tunnel]!;
      return tunnel === 0 ? null : tunnels[tunnel]!;
    },
    get wrong_fragment() {
      return words[w + W.wrongFragments]!;
    },
    get urgent() {
      return words[w + W.urgent]!;
    },
    get end() {
      return ends[words[w + W.end]!]!;
    },
    get missed_bytes() {
      return floats[f + F.missed]! > 0 ? floats[f + F.missed]! : undefined;
    },
    get tcp_flags() {
      const at = w + W.flags;
      return fiveTuple ? { syn: words[at]!, fin: words[at + 1]!, rst: words[at + 2]!, ack: words[at + 3]! } : undefined;
    },
  };

  function look(row: number): void {
    // A memory that has grown lies elsewhere, and where it was there is nothing.
    if (words.length === 0) ({ bytes, words, floats } = memory());
    const start = rowsStart + row * ROW;
    w = start >>> 2;
    f = start >>> 3;
    orig = '';
    resp = '';
    view.proto = protocolName(words[w + W.protocol]!);
    view.history = history(start);
    view.orig_pkts = words[w + W.origPackets]!;
    view.orig_bytes = floats[f + F.origBytes]!;
    view.resp_pkts = words[w + W.respPackets]!;
    view.resp_bytes = floats[f + F.respBytes]!;
  }

  const whole = (): Flow => ({
    ts: view.ts,
    duration: view.duration,
    proto: view.proto,
    service: view.service,
    orig_h: view.orig_h,
    orig_p: view.orig_p,
    resp_h: view.resp_h,
    resp_p: view.resp_p,
    conn_state: view.conn_state,
    history: view.history,
    orig_pkts: view.orig_pkts,
    orig_bytes: view.orig_bytes,
    orig_ip_bytes: view.orig_ip_bytes,
    resp_pkts: view.resp_pkts,
    resp_bytes: view.resp_bytes,
    resp_ip_bytes: view.resp_ip_bytes,
    vlan: view.vlan,
    tunnel: view.tunnel,
    wrong_fragment: view.wrong_fragment,
    urgent: view.urgent,
    end: view.end,
  });

  return {
    look,
    kind: () => kinds[words[w + W.kind]!]!,
    at: () => floats[f + F.at]!,
    id: () => words[w + W.id]!,
    flow() {
      const flow = whole();
      const { missed_bytes, tcp_flags } = view;
      if (missed_bytes === undefined && tcp_flags === undefined) return flow;
      return { ...flow, ...(missed_bytes === undefined ? {} : { missed_bytes }), ...(tcp_flags === undefined ? {} : { tcp_flags }) };
    },
    view: () => view,
  };
}
