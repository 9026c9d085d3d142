import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isNetloopError } from '../../src/errors.js';
import type { Flow } from '../../src/flow.js';
import { openCapture } from '../../src/sources/pcap-file.js';
import { absent, data } from './data.js';
import { replay } from './replay.js';

const folder = join(data, 'ndpi-oracle');

/** Packets and octets each way, one key for both directions; the flow whose ends nDPI names first is its source. */
interface Tally {
  packets: number;
  octets: number;
  packetsBack: number;
  octetsBack: number;
}

const line =
  /^\s*\d+\s+(\S+) (?:\[([0-9a-f:]+)\]|([\d.]+)):(\d+) <?->? (?:\[([0-9a-f:]+)\]|([\d.]+)):(\d+) (?:\[VLAN: (\d+)\])?.*?\[(\d+) pkts\/(\d+) bytes <?->? (\d+) pkts\/(\d+) bytes\]/;
const protocols: Readonly<Record<string, string>> = {
  TCP: 'tcp',
  UDP: 'udp',
  ICMP: 'icmp',
  ICMPV6: 'icmp6',
  SCTP: 'sctp',
  IGMP: '2',
  GRE: '47',
  ESP: '50',
  AH: '51',
  PIM: '103',
  VRRP: '112',
};

function add(all: Map<string, Tally>, key: string, reverse: string, t: Tally): void {
  const other = key !== reverse ? all.get(reverse) : undefined;
  const into = other ?? all.get(key);
  if (into === undefined) all.set(key, { ...t });
  else if (other) {
    into.packets += t.packetsBack;
    into.octets += t.octetsBack;
    into.packetsBack += t.packets;
    into.octetsBack += t.octets;
  } else {
    into.packets += t.packets;
    into.octets += t.octets;
    into.packetsBack += t.packetsBack;
    into.octetsBack += t.octetsBack;
  }
}

/** A flow that timed out and came again has several lines; they are added up, as ours are. */
function readResult(name: string): Map<string, Tally> {
  const all = new Map<string, Tally>();
  for (const text of readFileSync(join(folder, 'result', `${name}.out`), 'utf8').split('\n')) {
    const m = line.exec(text);
    if (!m) continue;
    const [, p = '', a6, a4, ap, b6, b4, bp, vlan, n, o, nb, ob] = m;
    const proto = protocols[p] ?? p;
    const [a, b] = [a6 ?? a4, b6 ?? b4];
    const tally = { packets: Number(n), octets: Number(o), packetsBack: Number(nb), octetsBack: Number(ob) };
    add(all, `${proto} ${a}:${ap} ${b}:${bp} ${vlan ?? 0}`, `${proto} ${b}:${bp} ${a}:${ap} ${vlan ?? 0}`, tally);
  }
  return all;
}

function ours(flows: readonly Flow[]): Map<string, Tally> {
  const all = new Map<string, Tally>();
  for (const f of flows) {
    const [a, b] = [`${f.orig_h}:${f.orig_p}`, `${f.resp_h}:${f.resp_p}`];
    const vlan = f.vlan ?? 0;
    const tally = { packets: f.orig_pkts, octets: f.orig_ip_bytes, packetsBack: f.resp_pkts, octetsBack: f.resp_ip_bytes };
    add(all, `${f.proto} ${a} ${b} ${vlan}`, `${f.proto} ${b} ${a} ${vlan}`, tally);
  }
  return all;
}

const same = (a: Tally, b: Tally): boolean => {
  const along = a.packets === b.packets && a.octets === b.octets && a.packetsBack === b.packetsBack && a.octetsBack === b.octetsBack;
  const turned = a.packets === b.packetsBack && a.octets === b.octetsBack && a.packetsBack === b.packets && a.octetsBack === b.octets;
  return along || turned;
};

describe.skipIf(absent('ndpi-oracle'))('against nDPI', () => {
  test('packets and octets of every flow that both count', async () => {
    let both = 0;
    let equal = 0;
    let theirs = 0;
    const differ: string[] = [];
    for (const name of readdirSync(join(folder, 'pcap')).sort()) {
      const expected = readResult(name);
      theirs += expected.size;
      let flows: Flow[] = [];
      try {
        ({ flows } = await replay(await openCapture(join(folder, 'pcap', name)), { view: 'five-tuple' }));
      } catch (error) {
        if (!isNetloopError(error)) throw error;
        differ.push(`${name}: ${error.code}`);
      }
      const mine = ours(flows);
      for (const [key, tally] of expected) {
        const [proto, a, b, vlan] = key.split(' ');
        const found = mine.get(key) ?? mine.get(`${proto} ${b} ${a} ${vlan}`);
        if (found === undefined) {
          differ.push(`${name}: ${key} is not ours`);
          continue;
        }
        both++;
        if (same(tally, found)) equal++;
        else differ.push(`${name}: ${key} ${JSON.stringify(tally)} ours ${JSON.stringify(found)}`);
      }
    }
    console.log(`${theirs} flows of nDPI's, ${both} counted by both, ${((100 * equal) / both).toFixed(2)} % equal`);
    if (process.env.SHOW) for (const d of differ) console.log(d);
    expect(both).toBeGreaterThan(1000);
    expect(equal / both).toBeGreaterThanOrEqual(0.99);
  });
});
