import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom, permutation } from '../../../src/random.js';
import type { KddTable } from './kdd-table.js';

export const seeds = [5009, 5010, 5011, 5012, 5013] as const;

/** What one seed of the protocol gives: row numbers of KDDTrain+, and of the test table. */
export interface AocSplit {
  readonly seed: number;
  /** Labelled: 20 %. */
  readonly init: Int32Array;
  /** Streamed without labels: 51 rounds of 2,000, the last one shorter. */
  readonly stream: Int32Array;
  readonly test: Int32Array;
  /** Attack types that only the test holds. */
  readonly unseen: readonly string[];
}

/** The published split of one seed. */
export function readSplit(data: string, seed: number): Pick<AocSplit, 'seed' | 'init' | 'stream'> {
  const read = (part: string): Int32Array => {
    const file = join(data, 'nsl-kdd', 'aoc-splits', `nsl_aoc_${seed}_${part}.u32`);
    if (!existsSync(file)) throw new Error(`${file} is not at hand: set NETLOOP_DATA`);
    const bytes = readFileSync(file);
    return Int32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(i * 4));
  };
  return { seed, init: read('init'), stream: read('stream') };
}

/** Attack types by category, largest first, dealt out in turn: four sets of types that are left out of training one at a time. */
const folds: readonly (readonly string[])[] = [
  ['neptune', 'pod', 'nmap', 'warezmaster', 'phf', 'rootkit'],
  ['smurf', 'land', 'satan', 'imap', 'spy', 'loadmodule'],
  ['back', 'ipsweep', 'warezclient', 'ftp_write', 'perl'],
  ['teardrop', 'portsweep', 'guess_passwd', 'multihop', 'buffer_overflow'],
];
const MOST_OF_A_TYPE = 1000;

/**
 * The stand-in test, made of KDDTrain+ alone: one set of attack types is taken out of both parts whole and only tested on (at most 1,000
 * rows a type), beside rows out of a quarter of the stream, thinned so that 43 % are benign. The sets rotate with the seed.
 */
export function standIn(table: KddTable, split: Pick<AocSplit, 'seed' | 'init' | 'stream'>): AocSplit {
  const unseen = folds[(split.seed - seeds[0]) % folds.length]!;
  const isUnseen = (i: number): boolean => unseen.includes(table.types[i]!);
  const order = permutation(split.stream.length, createRandom(split.seed).fork('stand-in'));
  const aside = new Set(Array.from(order.subarray(0, split.stream.length >> 2), (k) => split.stream[k]!));
  const known = (i: number): boolean => !isUnseen(i);
  const novel: number[] = [];
  const taken = new Map<string, number>();
  for (const i of [...split.init, ...split.stream]) {
    if (!isUnseen(i)) continue;
    const n = taken.get(table.types[i]!) ?? 0;
    taken.set(table.types[i]!, n + 1);
    if (n < MOST_OF_A_TYPE) novel.push(i);
  }
  const benign = [...aside].filter((i) => table.y[i] === 0);
  const attacks = [...aside].filter((i) => table.y[i] === 1 && known(i));
  const known57 = attacks.slice(0, Math.max(0, Math.round((benign.length * 57) / 43) - novel.length));
  const benign43 = benign.slice(0, Math.round(((known57.length + novel.length) * 43) / 57));
  return {
    seed: split.seed,
    init: split.init.filter(known),
    stream: split.stream.filter((i) => known(i) && !aside.has(i)),
    test: Int32Array.from([...benign43, ...known57, ...novel]),
    unseen,
  };
}
