import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createFlowTable, zeekTimeouts } from '../../src/assemble.js';
import { createDecoder } from '../../src/decode.js';
import { isNetloopError } from '../../src/errors.js';
import type { Frames } from '../../src/source.js';
import { openCapture } from '../../src/sources/pcap-file.js';
import { absent, data } from './data.js';

const walk = (dir: string): string[] =>
  readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    return statSync(path).isDirectory() ? walk(path) : [path];
  });

/** Every frame in a page of its own size: a read behind its end would give undefined and show as NaN or wrong words. */
async function through(path: string, view: 'zeek' | 'five-tuple'): Promise<string> {
  const table = createFlowTable({ view, timeouts: zeekTimeouts });
  const decoder = createDecoder();
  let ending = 'read';
  try {
    for await (const batch of (await openCapture(path)).read()) {
      const f = batch as Frames;
      for (let i = 0; i < f.count; i++) {
        const frame = f.bytes.slice(f.offset[i]!, f.offset[i]! + f.captured[i]!);
        table.push(decoder.frame(frame, 0, frame.length, f.length[i]!, f.ts[i]!, f.link[i]!));
      }
    }
  } catch (error) {
    if (!isNetloopError(error)) throw error;
    ending = error.code;
  }
  const flows = table.flush();
  const { packets, flowPackets, ignored, waiting, open } = table.counters();
  const setAside = Object.values(ignored).reduce((a, b) => a + b, 0);
  expect([path, flowPackets + setAside, waiting, open]).toEqual([path, packets, 0, 0]);
  expect(flows.reduce((n, f) => n + f.orig_pkts + f.resp_pkts, 0)).toBe(flowPackets);
  for (const f of flows) {
    for (const value of [f.ts, f.duration, f.orig_p, f.resp_p, f.orig_bytes, f.resp_bytes, f.orig_ip_bytes, f.resp_ip_bytes])
      if (!(Number.isInteger(value) && value >= 0)) throw new Error(`${path}: ${JSON.stringify(f)}`);
  }
  return ending;
}

const folders = ['robust', 'ndpi-oracle/pcap', 'zeek-oracle/traces', 'pcap-attack', 'flow-oracle/pcaps'];

describe.skipIf(absent('robust'))('every capture at hand', () => {
  test.each(['zeek', 'five-tuple'] as const)('view %s: no crash, and every packet is accounted for', async (view) => {
    const endings = new Map<string, number>();
    for (const folder of folders.filter((name) => existsSync(join(data, name)))) {
      for (const path of walk(join(data, folder))) {
        const ending = await through(path, view);
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
      }
    }
    console.log(Object.fromEntries(endings));
    expect(endings.get('read')).toBeGreaterThan(500);
  });
});
