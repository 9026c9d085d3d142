import { type FlowKernel, type FlowMemory, instantiateFlows } from '../kernels/instantiate-flows.js';
import type { Packet } from '../packet.js';
import type { Checksums } from '../packets/verify.js';
import { answers4, answers6 } from './icmp.js';
import { tcpServers, udpServers } from './servers.js';
import type { Timeouts } from './timeouts.js';

/** Frames of one batch, and room for their octets. */
export const FRAMES = 1024;
export const ROOM = 1 << 20;

/** A packet's place in the kernel, in words of four octets or floats of eight (`src/kernels/flow-assembly/layout.ts`). */
const F = { ts: 0, wire: 1, ipLength: 2, payload: 3 } as const;
const W = {
  src: 8,
  dst: 12,
  seq: 16,
  ack: 17,
  window: 18,
  flags: 19,
  srcPort: 20,
  dstPort: 21,
  version: 22,
  protocol: 23,
  vlan: 24,
  tunnel: 25,
  sound: 26,
  carrier: 27,
  overlaps: 28,
} as const;
const MOST_TUNNELS = 65535;

export interface KernelOptions {
  readonly fiveTuple: boolean;
  readonly seed: number;
  readonly maxFlows: number;
  readonly likelyServers: boolean;
  /** Which rows are given: none, those of closed flows, or all that happens. */
  readonly tell: 'nothing' | 'closed' | 'all';
  readonly checksums: Checksums;
  /** Microseconds. */
  readonly timeouts: Timeouts;
  readonly drain: () => void;
}

/** What a packet that the kernel did not decode itself adds to its fields. */
export interface Delivery {
  /** The frame's octets on the wire, for the five-tuple view. */
  readonly wire: number;
  readonly srcPort: number;
  readonly dstPort: number;
  /** Its transport checksum is right, or cannot be judged. */
  readonly sound: boolean;
  /** The flow around it, -1 without one; fragments that overlapped in it. */
  readonly carrier: number;
  readonly overlaps: number;
}

/** The open flows, in WebAssembly. */
export interface Kernel extends FlowKernel {
  readonly memory: () => FlowMemory;
  /** A packet to its flow; answers the flow's id. */
  deliver(packet: Packet, delivery: Delivery): number;
  /** Names of tunnels by number; 0 is none. */
  readonly tunnels: readonly string[];
}

/** Bits of ports, then the ICMP type that answers each type (255: none). */
function writeLists(bytes: Uint8Array, at: number, timeouts: Timeouts): void {
  for (const [i, ports] of [tcpServers, udpServers, timeouts.interactivePorts, [53, 137, 5353, 5355]].entries())
    for (const port of ports) bytes[at + i * 8192 + (port >> 3)]! |= 1 << (port & 7);
  for (const [i, answers] of [answers4, answers6].entries())
    for (let type = 0; type < 256; type++) bytes[at + 32768 + i * 256 + type] = answers[type] ?? 255;
}

export function createKernel(options: KernelOptions): Kernel {
  const { timeouts: t, tell, checksums } = options;
  const { kernel, memory } = instantiateFlows(options.drain);
  const told = ['nothing', 'closed', 'all'].indexOf(tell);
  const check = ['check', 'offload', 'ignore'].indexOf(checksums);
  kernel.setup(options.fiveTuple ? 1 : 0, options.seed, options.maxFlows, options.likelyServers ? 1 : 0, told, check, ROOM);
  kernel.setTimeouts(t.tcpInactivity, t.inactivity, t.interactive, t.dns, t.attempt, t.close, t.active);
  writeLists(memory().bytes, kernel.listsAt(), t);
  const at = kernel.packetAt();
  const numbers = new Map<string, number>([['', 0]]);
  const tunnels: string[] = [''];

  function numberOf(tunnel: string): number {
    let n = numbers.get(tunnel);
    if (n === undefined) {
      // Whoever nests tunnels in every order there is gets one name for the rest.
      if (tunnels.length >= MOST_TUNNELS) return MOST_TUNNELS - 1;
      n = tunnels.push(tunnels.length === MOST_TUNNELS - 1 ? 'other' : tunnel) - 1;
      numbers.set(tunnel, n);
    }
    return n;
  }

  return {
    ...kernel,
    memory,
    tunnels,
    deliver(p: Packet, d: Delivery): number {
      const { words, floats } = memory();
      const f = at >>> 3;
      const w = at >>> 2;
      floats[f + F.ts] = p.ts;
      floats[f + F.wire] = d.wire;
      floats[f + F.ipLength] = p.ipLength;
      floats[f + F.payload] = p.payload;
      words[w + W.src] = p.src0;
      words[w + W.src + 1] = p.src1;
      words[w + W.src + 2] = p.src2;
      words[w + W.src + 3] = p.src3;
      words[w + W.dst] = p.dst0;
      words[w + W.dst + 1] = p.dst1;
      words[w + W.dst + 2] = p.dst2;
      words[w + W.dst + 3] = p.dst3;
      words[w + W.seq] = p.seq;
      words[w + W.ack] = p.ack;
      words[w + W.window] = p.window;
      words[w + W.flags] = p.flags;
      words[w + W.srcPort] = d.srcPort;
      words[w + W.dstPort] = d.dstPort;
      words[w + W.version] = p.version;
      words[w + W.protocol] = p.protocol;
      words[w + W.vlan] = p.vlan;
      words[w + W.tunnel] = numberOf(p.tunnel);
      words[w + W.sound] = d.sound ? 1 : 0;
      words[w + W.carrier] = d.carrier;
      words[w + W.overlaps] = d.overlaps;
      return kernel.take();
    },
  };
}
