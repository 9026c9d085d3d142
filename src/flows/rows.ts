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
  kind(row: number): 'opened' | 'updated' | 'closed';
  /** Microseconds: when it happened. */
  at(row: number): number;
  /** The flow's number, in the order of opening. */
  id(row: number): number;
  /** The flow as it stood then: a value of its own. */
  flow(row: number): Flow;
  /** The same as a look at the row, good until the next call: most of what happens to open flows is read by nobody. */
  view(row: number): Flow;
}

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
  /** Where the row at hand lies: its first octet, word and float; and its texts, once somebody asked for them. */
  const row = { ...memory(), start: 0, w: 0, f: 0, orig: '', resp: '', history: '', knowsHistory: false };

  function address(at: number): string {
    const { words } = row;
    if (words[row.w + W.version] !== 6) return texts4(0, 0, 0, words[at + 3]! | 0);
    return texts6(words[at]! | 0, words[at + 1]! | 0, words[at + 2]! | 0, words[at + 3]! | 0);
  }

  const word = (at: number): number => row.words[row.w + at]!;
  const float = (at: number): number => row.floats[row.f + at]!;
  const signed = (at: number): number => word(at) | 0;

  /** Own properties that look when they are asked, so that a copy of the view is a value. */
  const view: Flow = {
    get ts() {
      return float(F.first);
    },
    get duration() {
      return Math.max(0, float(F.last) - float(F.first));
    },
    get proto() {
      return protocolName(word(W.protocol));
    },
    get service() {
      return service(this.proto, word(W.respPort));
    },
    get orig_h() {
      if (row.orig === '') row.orig = address(row.w + W.orig);
      return row.orig;
    },
    get orig_p() {
      return word(W.origPort);
    },
    get resp_h() {
      if (row.resp === '') row.resp = address(row.w + W.resp);
      return row.resp;
    },
    get resp_p() {
      return word(W.respPort);
    },
    get conn_state() {
      return connStates[word(W.state)]!;
    },
    get history() {
      if (!row.knowsHistory) {
        row.history = histories(row.bytes, row.start + HISTORY, word(W.letters));
        row.knowsHistory = true;
      }
      return row.history;
    },
    get orig_pkts() {
      return word(W.origPackets);
    },
    get orig_bytes() {
      return float(F.origBytes);
    },
    get orig_ip_bytes() {
      return float(F.origIp);
    },
    get resp_pkts() {
      return word(W.respPackets);
    },
    get resp_bytes() {
      return float(F.respBytes);
    },
    get resp_ip_bytes() {
      return float(F.respIp);
    },
    get vlan() {
      return signed(W.vlan) < 0 ? null : signed(W.vlan);
    },
    get tunnel() {
      return word(W.tunnel) === 0 ? null : tunnels[word(W.tunnel)]!;
    },
    get wrong_fragment() {
      return word(W.wrongFragments);
    },
    get urgent() {
      return word(W.urgent);
    },
    get end() {
      return ends[word(W.end)]!;
    },
    get missed_bytes() {
      return float(F.missed) > 0 ? float(F.missed) : undefined;
    },
    get tcp_flags() {
      return fiveTuple ? { syn: word(W.flags), fin: word(W.flags + 1), rst: word(W.flags + 2), ack: word(W.flags + 3) } : undefined;
    },
  };

  function look(at: number): void {
    const { bytes, words, floats } = memory();
    const start = rowsAt() + at * ROW;
    row.bytes = bytes;
    row.words = words;
    row.floats = floats;
    row.start = start;
    row.w = start >>> 2;
    row.f = start >>> 3;
    row.orig = '';
    row.resp = '';
    row.knowsHistory = false;
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
    kind: (at) => kinds[memory().words[((rowsAt() + at * ROW) >> 2) + W.kind]!]!,
    at: (at) => memory().floats[((rowsAt() + at * ROW) >> 3) + F.at]!,
    id: (at) => memory().words[((rowsAt() + at * ROW) >> 2) + W.id]!,
    flow(at) {
      look(at);
      const flow = whole();
      const { missed_bytes, tcp_flags } = view;
      if (missed_bytes === undefined && tcp_flags === undefined) return flow;
      return { ...flow, ...(missed_bytes === undefined ? {} : { missed_bytes }), ...(tcp_flags === undefined ? {} : { tcp_flags }) };
    },
    view(at) {
      look(at);
      return view;
    },
  };
}
