import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SeedGroup } from '../../src/seed-group.js';
import { createTestHome, type TestHome } from './home.js';

let home: TestHome;
beforeAll(() => {
  home = createTestHome();
});
afterAll(() => home.remove());

const groupOf = async (...sets: string[]): Promise<SeedGroup> => {
  const { stdout } = await home.netloop('run', home.spec, '--seeds', '3', '--json', ...sets.flatMap((set) => ['--set', set]));
  return JSON.parse(stdout) as SeedGroup;
};

test('a group of seeds is one line among runs, sums up its members, and is compared with another pair by pair', async () => {
  const a = await groupOf();
  const b = await groupOf('flow.dense=[4]');
  expect(a.members.map((m) => m.seed)).toEqual([1, 2, 3]);

  const alone = JSON.parse((await home.netloop('run', home.spec, '--set', 'seed=2', '--json')).stdout);
  expect(a.members[1]!.metrics['flow/champion_balancedAccuracy']).toBe(alone.prequential.flow.champion.balancedAccuracy);

  const runs = JSON.parse((await home.netloop('runs', '--json')).stdout) as { id: string; metrics: Record<string, number> }[];
  expect(runs).toHaveLength(3);
  const values = a.members.map((m) => m.metrics['flow/champion_balancedAccuracy']!);
  const mean = runs.find((r) => r.id === a.id)!.metrics['flow/champion_balancedAccuracy_mean'];
  expect(mean).toBeCloseTo(values.reduce((s, v) => s + v, 0) / 3, 12);

  const { rows, pairs } = JSON.parse((await home.netloop('compare', a.id, b.id, '--json')).stdout);
  expect(pairs).toBe(3);
  expect(rows.find((r: { metric: string }) => r.metric === 'flow/champion_balancedAccuracy').p).toBeGreaterThanOrEqual(2 / 8);
  expect((await home.netloop('compare', a.id, b.id)).stdout).toMatch(/flow\/champion_balancedAccuracy .*\n/);

  // A member is a run like any other; the group itself is all of them.
  expect((await home.netloop('rerun', a.members[0]!.run, '--json')).stdout).toContain('"verdict":"bit-exact"');
  expect((await home.netloop('rerun', a.id)).stdout.match(/^bit-exact/gm)).toHaveLength(3);
  expect((await home.netloop('compare', a.id, a.members[0]!.run)).stderr).toMatch(
    /^NL_OPTION a group of seeds is compared with one other group/,
  );
  expect((await home.netloop('run', home.spec, '--seeds', '1')).stderr).toMatch(/^NL_OPTION invalid seeds/);
}, 180_000);
