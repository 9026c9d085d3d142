import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../src/flow.js';
import { openCapture } from '../../src/sources/pcap-file.js';
import { absent, data } from './data.js';
import { replay } from './replay.js';

const folder = join(data, 'flow-oracle');

interface Expected {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
  readonly proto: number;
  readonly vlan: number;
  readonly first_us: number;
  readonly last_us: number;
  readonly bytes: number;
  readonly s2d_packets: number;
  readonly s2d_bytes: number;
  readonly d2s_packets: number;
  readonly d2s_bytes: number;
  readonly syn: number;
  readonly fin: number;
  readonly rst: number;
  readonly ack: number;
}

const numbers: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmp6: 58, sctp: 132 };

const ours = (f: Flow): string =>
  [
    `${f.orig_h} ${f.orig_p} > ${f.resp_h} ${f.resp_p} proto ${numbers[f.proto] ?? f.proto} vlan ${f.vlan ?? 0}`,
    f.ts,
    f.ts + f.duration,
    f.orig_pkts,
    f.orig_ip_bytes,
    f.resp_pkts,
    f.resp_ip_bytes,
    ...Object.values(f.tcp_flags ?? {}),
  ].join(' ');
const theirs = (e: Expected): string =>
  [
    `${e.src} ${e.sport} > ${e.dst} ${e.dport} proto ${e.proto} vlan ${e.vlan}`,
    e.first_us,
    e.last_us,
    e.s2d_packets,
    e.s2d_bytes,
    e.d2s_packets,
    e.d2s_bytes,
    e.syn,
    e.fin,
    e.rst,
    e.ack,
  ].join(' ');

describe.skipIf(absent('flow-oracle'))('against the five-tuple contract', () => {
  const names = (absent('flow-oracle') ? [] : readdirSync(join(folder, 'pcaps'))).map((name) => name.replace('.pcap', ''));
  test.each(names)('%s: every flow and every counter', async (name) => {
    const text = gunzipSync(readFileSync(join(folder, `${name}.spec.jsonl.gz`))).toString();
    const expected = text
      .trim()
      .split('\n')
      .map((line) => theirs(JSON.parse(line) as Expected));
    const { flows, counters, frames } = await replay(await openCapture(join(folder, 'pcaps', `${name}.pcap`)), { view: 'five-tuple' });
    expect(flows.map(ours).sort()).toEqual(expected.sort());
    const set = Object.values(counters.ignored).reduce((a, b) => a + b, 0);
    expect(counters.flowPackets + set).toBe(frames);
    expect(flows.reduce((n, f) => n + f.orig_pkts + f.resp_pkts, 0)).toBe(counters.flowPackets);
  });
});
