import { describe, expect, test } from 'vitest';
import { createFlowTable } from '../../src/assemble.js';
import { createDecoder, decode } from '../../src/decode.js';
import { isNetloopError } from '../../src/errors.js';
import type { Ignored, Malformed, Packet } from '../../src/packet.js';
import { createRandom } from '../../src/random.js';
import type { Frames } from '../../src/source.js';
import { openFrames } from '../../src/sources/pcap-file.js';
import { bytes, pcap } from './build.js';
import { golden } from './golden.js';
import { fenced, storm } from './mutate.js';

const plain = (packet: unknown): string => JSON.stringify(packet, (key, value) => (key === 'bytes' ? undefined : value));

/** Protocol, ports and tunnel of each packet in the frame, from the outside in. */
function story(answer: Packet | Malformed | Ignored): string {
  if (answer.kind !== 'packet') return answer.kind === 'ignored' ? answer.reason : `malformed ${answer.layer}`;
  const own = `${answer.tunnel === '' ? '' : `${answer.tunnel} `}${answer.protocol} ${answer.srcPort}>${answer.dstPort} vlan ${answer.vlan}`;
  const inside = answer.inner === null ? own + answer.innerStop : `${own}, ${story(answer.inner)}`;
  return answer.sibling === null ? inside : `${inside} + ${story(answer.sibling)}`;
}

describe('golden packets', () => {
  test('are understood whole', () => {
    const told = golden.map((g) => `${g.name}: ${story(decode(g.frame, g.link))}`);
    expect(told).toMatchInlineSnapshot(`
      [
        "tcp: 6 40000>80 vlan -1",
        "tcp syn with options: 6 40001>80 vlan -1",
        "udp over ip6: 17 5353>53 vlan -1",
        "icmp: 1 8>0 vlan -1",
        "icmp6: 58 135>0 vlan -1",
        "sctp: 132 1>2 vlan -1",
        "arp: 0 0>0 vlan -1",
        "vlan: 6 40000>80 vlan 5",
        "vlan in vlan: 6 40000>80 vlan 6",
        "mpls: 6 40000>80 vlan -1",
        "mpls pseudowire: 6 40000>80 vlan -1",
        "pppoe: 6 40000>80 vlan -1",
        "802.3 snap: 6 40000>80 vlan -1",
        "first fragment: 17 1>2 vlan -1",
        "last fragment: 17 0>0 vlan -1",
        "ip6 fragment: 17 1>2 vlan -1",
        "ip6 chain: 6 40000>80 vlan -1",
        "ip6 authenticated: 6 40000>80 vlan -1",
        "ip in ip: 4 0>0 vlan -1, ip 6 40000>80 vlan -1",
        "6in4: 41 0>0 vlan -1, ip 17 5353>53 vlan -1",
        "gre: 47 0>0 vlan -1, gre 6 40000>80 vlan -1",
        "gre pptp: 47 0>0 vlan -1, gre 6 40000>80 vlan -1",
        "erspan: 47 0>0 vlan -1, gre 6 40000>80 vlan -1",
        "aruba: 47 0>0 vlan -1, gre 6 40000>80 vlan -1",
        "vn-tag: 6 40000>80 vlan -1",
        "bridge in bridge: 6 40000>80 vlan -1",
        "ayiya: 17 5555>5072 vlan -1, ayiya 17 5353>53 vlan -1",
        "vxlan: 17 5555>4789 vlan -1, vxlan 6 40000>80 vlan -1",
        "geneve: 17 5555>6081 vlan -1, geneve 17 5353>53 vlan -1",
        "gtp: 17 5555>2152 vlan -1, gtp 6 40000>80 vlan -1",
        "teredo: 17 5555>3544 vlan -1, teredo 17 5353>53 vlan -1",
        "raw: 6 40000>80 vlan -1",
        "null: 6 40000>80 vlan -1",
        "loop: 17 5353>53 vlan -1",
        "sll: 6 40000>80 vlan -1",
        "sll2: 17 5353>53 vlan -1",
        "ppp: 6 40000>80 vlan -1",
        "hdlc: 6 40000>80 vlan -1",
        "hdlc of cisco: 17 5353>53 vlan -1",
        "nflog: 6 40000>80 vlan -1",
        "ppi: 6 40000>80 vlan -1",
        "aggregate: 6 40000>80 vlan -1 + 1 8>0 vlan -1 + 6 40000>80 vlan -1",
        "radiotap: 6 40000>80 vlan -1",
        "pcapng: link type 147",
      ]
    `);
  });

  test.each(golden.map((g) => [g.name, g] as const))('%s, cut at every length, reads nothing outside and never throws', (_name, g) => {
    const decoder = createDecoder();
    const table = createFlowTable();
    for (let length = 0; length <= g.frame.length; length++) {
      const cut = g.frame.subarray(0, length);
      const answers = [0x00, 0xff].map((poison) => {
        const { memory, from } = fenced(cut, poison);
        return plain(decoder.frame(memory, from, length, g.frame.length, 1e15 + length, g.link));
      });
      expect(answers[0]).toBe(answers[1]);
      table.push(decoder.frame(cut, 0, length, g.frame.length, 1e15 + length, g.link));
    }
    table.flush();
    const { packets, flowPackets, ignored } = table.counters();
    expect(flowPackets + Object.values(ignored).reduce((a, b) => a + b, 0)).toBe(packets);
  });
});

describe('mutated', () => {
  test('packets: a seeded storm without a throw, every packet accounted for', () => {
    expect(storm(40_000, 20_260_101)).toBeGreaterThan(2_000_000);
  });

  test('capture files end in frames, counted damage or a coded error', async () => {
    const random = createRandom(7).fork('files');
    const classic = pcap(golden.slice(0, 8).map((g) => g.frame));
    const base = [classic, golden.find((g) => g.name === 'pcapng')?.frame ?? classic];
    for (let turn = 0; turn < 1500; turn++) {
      const file = bytes(base[turn & 1]!);
      for (let n = random.below(5); n >= 0; n--) file[random.below(Math.min(file.length, 200))] = random.below(256);
      const cut = file.subarray(0, random.below(6) === 0 ? random.below(file.length) : file.length);
      try {
        for await (const batch of openFrames(cut).read()) {
          const f = batch as Frames;
          for (let i = 0; i < f.count; i++) expect(f.offset[i]! + f.captured[i]!).toBeLessThanOrEqual(f.bytes.length);
        }
      } catch (error) {
        if (!isNetloopError(error)) throw error;
      }
    }
  });
});
