import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileRegistry } from '../../src/stores/registry-files.js';
import { makeCapture, pcapOf } from '../traffic/capture.js';
import { createTestHome, type TestHome } from './home.js';

const fields = ['ts', 'source', 'rule', 'orig_h', 'resp_h', 'orig_p', 'resp_p', 'score', 'evidence', 'model_version', 'id'];
type Line = Record<string, unknown>;
const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

let home: TestHome;
let capture: string;
beforeAll(() => {
  home = createTestHome();
  capture = home.file('knocks.pcap', pcapOf(makeCapture({ sessions: 400 })));
});
afterAll(() => home.remove());

function checkLines(lines: readonly Line[]): void {
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    expect(Object.keys(line)).toEqual(fields);
    expect(['DFA', 'ANN', 'LSTM']).toContain(line.source);
    expect(line.ts).toBeGreaterThan(1_699_999_999); // seconds
    expect(line.ts).toBeLessThan(1_700_100_000);
    expect(line.score).toBeGreaterThanOrEqual(0);
    expect(line.score).toBeLessThanOrEqual(1);
    expect(typeof line.evidence).toBe('object');
  }
}

test('without a champion: rules alone and one line that says so, and nothing is made in the home', async () => {
  const before = readdirSync(home.dir);
  const { code, stdout, stderr } = await home.netloop('detect', capture);
  expect(code).toBe(0);
  const lines = linesOf(stdout);
  checkLines(lines);
  expect(new Set(lines.map(({ source }) => source))).toEqual(new Set(['DFA']));
  expect(lines.every(({ model_version }) => model_version === null)).toBe(true);
  expect(stderr).toMatch(new RegExp(`^no champion yet: rules only.*\\n\\d+ flows, ${lines.length} alerts\\n$`));
  expect(readdirSync(home.dir)).toEqual(before);
});

describe('with champions', () => {
  let registry: ReturnType<typeof createFileRegistry>;
  const models = () => join(home.dir, 'models');
  beforeAll(async () => {
    expect((await home.netloop('run', home.spec, '--set', 'publish=true', '--json')).code).toBe(0);
    registry = createFileRegistry({ dir: models() });
  });
  const champion = async () => (await registry.current('flow'))!.version;
  /** The champion with something changed, as a whole new version that is live. */
  async function deploy(change: (version: NonNullable<Awaited<ReturnType<typeof registry.current>>>) => object): Promise<void> {
    const version = (await registry.current('flow'))!;
    const put = await registry.put({ ...version, parent: version.version, ...change(version) });
    await registry.promote('flow', put.version, 'a test');
  }

  test('models alert too, and say which version they are', async () => {
    const { code, stdout, stderr } = await home.netloop('detect', home.data);
    expect(code).toBe(0);
    const lines = linesOf(stdout);
    checkLines(lines);
    const scored = lines.filter(({ source }) => source === 'ANN');
    expect(scored.length).toBeGreaterThan(50);
    expect(new Set(scored.map(({ model_version }) => model_version))).toEqual(new Set([`flow@${await champion()}`]));
    expect(stderr).toBe(`1000 flows, ${lines.length} alerts\n`);
    const first = linesOf((await home.netloop('detect', home.data, '--model', 'flow@1')).stdout);
    expect(new Set(first.filter(({ source }) => source !== 'DFA').map(({ model_version }) => model_version))).toEqual(new Set(['flow@1']));
  });

  test('damaged weights: the last good version serves, and is named; doctor tells', async () => {
    const live = await champion();
    await deploy(() => ({ note: 'to be damaged' }));
    const file = join(models(), 'flow', String(await champion()), 'ann.weights');
    const bytes = readFileSync(file);
    bytes[40]! ^= 1;
    writeFileSync(file, bytes);
    const { code, stdout, stderr } = await home.netloop('detect', home.data);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^NL_MODEL_CORRUPT flow@\d+ is damaged: ann\.weights has SHA-256 .*\nNL_MODEL_CORRUPT .*serves in its place/);
    const versions = linesOf(stdout).filter(({ source }) => source === 'ANN');
    expect(new Set(versions.map(({ model_version }) => model_version))).toEqual(new Set([`flow@${live}`]));
    const doctor = await home.netloop('doctor', '--json');
    expect(doctor.code).toBe(1);
    expect(JSON.parse(doctor.stdout)).toMatchObject({ ok: false });
    expect((await home.netloop('models', 'rollback', 'flow')).code).toBe(0);
    expect((await home.netloop('detect', home.data)).stderr).toMatch(/^1000 flows/);
  });

  test.each([
    [
      'another feature schema',
      /^NL_MODEL_SCHEMA .*feature schema/,
      (v: Line) => ({ encoder: { ...(v.encoder as object), schema: '0'.repeat(64) } }),
    ],
    [
      'another encoder format',
      /^NL_MODEL_SCHEMA .*netloop-encoder-1/,
      (v: Line) => ({ encoder: { ...(v.encoder as object), format: 'x' } }),
    ],
  ] as const)('%s is refused with what to do, and leaves the registry as it was', async (_, message, change) => {
    const live = await champion();
    await deploy((version) => change(version as unknown as Line));
    const { code, stdout, stderr } = await home.netloop('detect', home.data);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(message);
    expect((await home.netloop('models', 'promote', 'flow', String(live))).code).toBe(0);
    expect((await home.netloop('detect', home.data)).code).toBe(0);
  });

  test('no version that can be loaded: NL_MODEL_CORRUPT, exit 1', async () => {
    const folder = join(models(), 'flow');
    for (const version of readdirSync(folder).filter((name) => /^\d+$/.test(name)))
      writeFileSync(join(folder, version, 'manifest.json'), '{');
    const { code, stderr } = await home.netloop('detect', home.data);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n').at(-2)).toMatch(/^NL_MODEL_CORRUPT .*no other version that was live can; import a model again/);
    const doctor = await home.netloop('doctor', '--json');
    expect([doctor.code, (JSON.parse(doctor.stdout) as { ok: boolean }).ok]).toEqual([1, false]);
  });
});
