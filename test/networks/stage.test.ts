import { expect, it } from 'vitest';
import { layOut } from '../../src/networks/layout.js';
import { keptRows } from '../../src/networks/memory.js';
import { createNetwork } from '../../src/networks/network.js';
import { forward } from '../../src/networks/run.js';
import { stage } from '../../src/networks/stage.js';
import { createRandom } from '../../src/random.js';

const architecture = { kind: 'lstm', steps: 3, features: 5, units: [4], dense: [4] } as const;

it('rows that stay are read where they lie, others are copied: to the same bits', () => {
  const random = createRandom(3);
  const fill = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.next() - 0.5);
  const layout = layOut(architecture);
  const rows = 40;
  const batch = {
    x: fill(rows * 15),
    y: fill(rows).map((v) => (v > 0 ? 1 : 0)),
    rows,
    steps: 3,
    features: 5,
    weight: fill(rows).map(Math.abs),
  };
  const network = createNetwork(layout, { slots: 2, kept: rows });
  network.load(fill(layout.count));
  network.kept.set(batch.x);
  const order = Int32Array.from({ length: rows }, (_, i) => (i * 7) % rows);
  const run = (kept: boolean) => {
    network.z.fill(0);
    stage(network, batch, { order, from: 20, n: 10 }, { slot: 1, classWeight: [1, 3], kept });
    forward(network, { slot: 1, rows: 10, padded: 12, dropout: null });
    return [network.z.slice(0, 10), network.y.slice(16, 26), network.weight.slice(16, 26)];
  };
  const copied = run(false);
  expect(new Set(copied[0]).size).toBe(10);
  expect(run(true)).toEqual(copied);
  expect(copied[2]![0]).toBe(Math.fround(batch.weight[order[20]!]! * (batch.y[order[20]!] === 1 ? 3 : 1)));
});

it('rows stay when they take at most 256 MB', () => {
  expect(keptRows(architecture, 1000)).toBe(1000);
  expect(keptRows(architecture, 2 ** 28 / 60 + 1)).toBe(0);
});
