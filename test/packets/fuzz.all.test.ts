import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Frames } from '../../src/source.js';
import { openCapture } from '../../src/sources/pcap-file.js';
import { data } from '../oracle/data.js';
import { golden } from './golden.js';
import { storm } from './mutate.js';

const folder = join(data, 'ndpi-oracle', 'pcap');

/** Real packets, a few of each capture, beside the hand-made ones. */
async function real(): Promise<{ frame: Uint8Array; link: number }[]> {
  const frames: { frame: Uint8Array; link: number }[] = [];
  if (!existsSync(folder)) return frames;
  for (const name of readdirSync(folder)) {
    for await (const batch of (await openCapture(join(folder, name))).read()) {
      const f = batch as Frames;
      for (let i = 0; i < Math.min(f.count, 20); i++) {
        frames.push({ frame: f.bytes.slice(f.offset[i]!, f.offset[i]! + Math.min(f.captured[i]!, 400)), link: f.link[i]! });
      }
      break;
    }
  }
  return frames;
}

test('a hundred million mutated octets', { timeout: 1_200_000 }, async () => {
  const frames = [...golden, ...(await real())];
  let octets = 0;
  for (let seed = 1; octets < 1e8; seed++) {
    octets += storm(100_000, seed, frames);
    console.log(`seed ${seed}: ${octets} octets so far`);
  }
  expect(octets).toBeGreaterThanOrEqual(1e8);
});
