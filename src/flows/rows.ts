import { connStates, type Flow, type FlowEnd } from '../flow.js';
import type { FlowMemory } from '../kernels/instantiate-flows.js';
import { addressText } from '../packet.js';
import { protocolName } from './protocols.js';

/** Octets of a row, and where its parts lie, in words of four octets or floats of eight (`src/kernels/flow-assembly/layout.ts`). */
const ROW = 248;
const F = { at: 0, first: 1, last: 2, origBytes: 3, respBytes: 4, origIp: 5, respIp: 6, missed: 7 } as const;
const W = {
  kind: 16,
  end: 17,
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
/** IPv4 addresses whose text is remembered. */
const REMEMBERED = 65536;

/** What the kernel's rows say, one at a time. */
export interface RowReader {
  kind(row: number): 'opened' | 'updated' | 'closed';
  /** Microseconds: when it happened. */
  at(row: number): number;
  /** The flow as it stood then: a value of its own. */
  flow(row: number): Flow;
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
  const texts = new Map<number, string>();

  function address(words: Uint32Array, at: number, version: number): string {
    if (version === 6) return addressText(6, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!);
    const word = words[at + 3]!;
    let text = texts.get(word);
    if (text === undefined) {
      text = addressText(4, 0, 0, 0, word);
      if (texts.size >= REMEMBERED) texts.clear();
      texts.set(word, text);
    }
    return text;
  }

  function history(bytes: Uint8Array, at: number, letters: number): string {
    let text = '';
    for (let i = 0; i < letters; i++) text += String.fromCharCode(bytes[at + i]!);
    return text;
  }

  return {
    kind: (row) => kinds[memory().words[((rowsAt() + row * ROW) >> 2) + W.kind]!]!,
    at: (row) => memory().floats[((rowsAt() + row * ROW) >> 3) + F.at]!,
    flow(row) {
      const { bytes, words, floats } = memory();
      const start = rowsAt() + row * ROW;
      const w = start >>> 2;
      const f = start >>> 3;
      const proto = protocolName(words[w + W.protocol]!);
      const version = words[w + W.version]!;
      const vlan = words[w + W.vlan]! | 0;
      const tunnel = words[w + W.tunnel]!;
      const missed = floats[f + F.missed]!;
      const flags = w + W.flags;
      return {
        ts: floats[f + F.first]!,
        duration: Math.max(0, floats[f + F.last]! - floats[f + F.first]!),
        proto,
        service: service(proto, words[w + W.respPort]!),
        orig_h: address(words, w + W.orig, version),
        orig_p: words[w + W.origPort]!,
        resp_h: address(words, w + W.resp, version),
        resp_p: words[w + W.respPort]!,
        conn_state: connStates[words[w + W.state]!]!,
        history: history(bytes, start + HISTORY, words[w + W.letters]!),
        orig_pkts: words[w + W.origPackets]!,
        orig_bytes: floats[f + F.origBytes]!,
        orig_ip_bytes: floats[f + F.origIp]!,
        resp_pkts: words[w + W.respPackets]!,
        resp_bytes: floats[f + F.respBytes]!,
        resp_ip_bytes: floats[f + F.respIp]!,
        vlan: vlan < 0 ? null : vlan,
        tunnel: tunnel === 0 ? null : tunnels[tunnel]!,
        wrong_fragment: words[w + W.wrongFragments]!,
        urgent: words[w + W.urgent]!,
        end: ends[words[w + W.end]!]!,
        ...(missed > 0 ? { missed_bytes: missed } : {}),
        ...(fiveTuple ? { tcp_flags: { syn: words[flags]!, fin: words[flags + 1]!, rst: words[flags + 2]!, ack: words[flags + 3]! } } : {}),
      };
    },
  };
}
