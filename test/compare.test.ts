import { beforeAll, describe, expect, test } from 'vitest';
import { renderComparison, renderComparisonPage } from '../src/cli/comparison.js';
import { type Comparison, comparedSections, compareRuns } from '../src/compare.js';
import type { RecordedRun } from '../src/rerun.js';
import { makeFlows } from './traffic/flows.js';
import { replay, smallSpec } from './traffic/replay.js';

const flows = makeFlows({ flows: 1000, seed: 6 });
const environment = { 'mlflow.source.git.commit': 'a'.repeat(40), 'netloop.node': 'v20.19.0', 'netloop.platform': 'linux-x64' };
let a: RecordedRun;
let other: (over: Record<string, unknown>, env?: Record<string, string>, traffic?: typeof flows) => Promise<RecordedRun>;

beforeAll(async () => {
  other = async (over, env = environment, traffic = flows) => (await replay(smallSpec(over), traffic, { environment: env })).run;
  a = await other({});
});

const differing = (c: Comparison): string[] => c.sections.filter((s) => s.rows.length > 0).map((s) => s.section);
const rowsOf = (c: Comparison, section: string) => c.sections.find((s) => s.section === section)!.rows;

describe('compare', () => {
  test('sections stand in the order of cause and effect', () => {
    expect(compareRuns([a, a]).sections.map((s) => s.section)).toEqual([...comparedSections]);
  });

  test('the same run again differs in nothing, and says so', async () => {
    const c = compareRuns([a, await other({})]);
    expect(differing(c)).toEqual([]);
    expect(c.why[0]).toMatch(/gave the same to the bit/);
    expect(c.sections.every((s) => s.same > 0)).toBe(true);
  });

  test('another setting: the param, then what it led to', async () => {
    const plain = await other({ labels: { policy: 'plain' } }); // learns from what scores say
    const c = compareRuns([plain, await other({ labels: { policy: 'plain', benignBelow: 0.01 } })]);
    expect(rowsOf(c, 'params')).toEqual([{ what: 'labels.benignBelow', values: ['0.3', '0.01'] }]);
    expect(differing(c)).toEqual(expect.arrayContaining(['params', 'labels', 'weights', 'metrics']));
    expect(differing(c)).not.toContain('data');
    expect(c.why[0]).toMatch(/differs in params \(labels\.benignBelow 0\.3 -> 0\.01\); first seen in flow cycle 2, labels:/);
  });

  test('other data: hashes by name, first seen in the flows', async () => {
    const c = compareRuns([a, await other({}, environment, makeFlows({ flows: 1000, seed: 7 }))]);
    expect(rowsOf(c, 'data')).toHaveLength(1);
    expect(c.why[0]).toMatch(/differs in data .*; first seen in \w+ cycle 1, flows:/);
  });

  test('other code and machine that changed nothing', async () => {
    const c = compareRuns([a, await other({}, { ...environment, 'mlflow.source.git.commit': 'b'.repeat(40), 'netloop.node': 'v22.0.0' })]);
    expect(differing(c)).toEqual(['code', 'environment']);
    expect(rowsOf(c, 'environment')).toEqual([{ what: 'Node', values: ['v20.19.0', 'v22.0.0'] }]);
    expect(c.why[0]).toMatch(/code \(commit a{12} -> b{12}\); environment .*, and gave the same to the bit/);
  });

  test('a difference without a cause in the record is called that', async () => {
    const seeded = await other({ seed: 9 });
    const c = compareRuns([a, { ...seeded, params: a.params }]);
    expect(c.why[0]).toMatch(/although data, code, environment and params are the same; first seen in flow cycle 1, epochs: epoch 0\.loss/);
  });

  test('an unfinished run is compared as far as it came', () => {
    const c = compareRuns([a, { ...a, cycles: a.cycles.slice(0, 1), report: null, status: 'KILLED' }]);
    expect(c.why[0]).toMatch(/did not finish/);
    expect(rowsOf(c, 'weights').every((row) => row.values[1] === null)).toBe(true);
  });

  test('three runs: a column each, why for each but the first', async () => {
    const c = compareRuns([a, await other({ seed: 2 }), await other({ seed: 3 })]);
    expect(c.why).toHaveLength(2);
    expect(rowsOf(c, 'params')).toEqual([{ what: 'seed', values: ['1', '2', '3'] }]);
  });

  test('the table and the page show the rows; hostile names stay text', async () => {
    const b = await other({ seed: 2 });
    const c = compareRuns([a, { ...b, name: '<script>alert(1)</script>' }]);
    const table = renderComparison(c);
    expect(table).toMatch(/params\s+small seed 1/);
    expect(table).toMatch(/seed\s+1\s+2/);
    expect(table).toContain('data: the same (1)');
    const page = renderComparisonPage(c);
    expect(page).not.toContain('<script>');
    expect(page).toContain('&#60;script&#62;');
    expect(page).toContain('<td>seed</td><td>1</td><td>2</td>');
  });

  test('numbers show as many digits as tell them apart', () => {
    const c: Comparison = {
      runs: [a, a].map(({ id, name, status }) => ({ id, name, status })),
      sections: [{ section: 'metrics', rows: [{ what: 'loss', values: [0.123456781, 0.123456782] }], same: 0 }],
      why: [],
    };
    expect(renderComparison(c)).toMatch(/0\.123456781\s+0\.123456782/);
  });
});
