import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentReport } from '../../src/experiment.js';
import type { SeedGroup } from '../../src/seed-group.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { createTestHome, type TestHome } from './home.js';

// A champion tested on its own data again: what these tests are about is the rerun.
const allow = 'allow=[fitted-on-test, test-before-training]';

let home: TestHome;
let published: ExperimentReport;
const tracking = () => createEmbeddedTracking(join(home.dir, '.netloop', 'tracking'));

beforeAll(async () => {
  home = createTestHome();
  const { code, stdout, stderr } = await home.netloop('run', home.spec, '--set', 'publish=true', '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  published = JSON.parse(stdout) as ExperimentReport;
});
afterAll(() => home.remove());

describe('netloop rerun', () => {
  test('a published run is rerun to the bit without touching what is live, and the verdict stands on the run', async () => {
    const models = JSON.stringify((await home.netloop('models', 'list', '--json')).stdout);
    const { code, stdout } = await home.netloop('rerun', published.run_id.slice(0, 10), '--verify');
    expect(stdout).toMatch(/bit-exact: .* of \d cycles/);
    expect(code).toBe(0);
    expect(JSON.stringify((await home.netloop('models', 'list', '--json')).stdout)).toBe(models);
    const store = tracking();
    try {
      const [run] = await store.runs({ id: published.run_id });
      expect(run!.tags).toMatchObject({ 'netloop.rerun.verdict': 'bit-exact', 'netloop.rerun.count': '1' });
      const verdict = JSON.parse(Buffer.from(await store.readArtifact(published.run_id, 'reruns/1.json')).toString()) as object;
      expect(verdict).toMatchObject({ run: published.run_id, verdict: 'bit-exact', first: null, cycles: published.cycles.length });
      expect(await store.runs({ parent: null })).toHaveLength(1); // a rerun is no new run
    } finally {
      store.close();
    }
  });

  test('a run that went on from the live champions is rerun from where the registry stood', async () => {
    const { stdout } = await home.netloop('run', home.spec, '--set', 'parent=champion', '--set', 'seed=2', '--set', allow, '--json');
    const chained = JSON.parse(stdout) as ExperimentReport;
    expect(chained.cycles[0]!.parent).not.toBeNull();
    const { code, stdout: verdict } = await home.netloop('rerun', chained.run_id, '--verify', '--json');
    expect(JSON.parse(verdict)).toMatchObject({ verdict: 'bit-exact', first: null });
    expect(code).toBe(0);
  });

  test('a champion whose learner is switched off watches in the rerun too', async () => {
    const sets = ['parent=champion', 'flow.enabled=false', 'seed=3', allow].flatMap((set) => ['--set', set]);
    const watched = JSON.parse((await home.netloop('run', home.spec, ...sets, '--json')).stdout) as ExperimentReport;
    expect(watched.live.flow).not.toBeNull();
    expect(watched.cycles.every((c) => c.learner === 'behaviour')).toBe(true);
    const { stdout } = await home.netloop('rerun', watched.run_id, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'bit-exact', first: null });
  });

  test('a chain of runs is rerun from its first, and each champion is what the run before made', async () => {
    const sets = ['parent=champion', 'publish=true', 'seed=4', allow].flatMap((set) => ['--set', set]);
    const next = JSON.parse((await home.netloop('run', home.spec, ...sets, '--json')).stdout) as ExperimentReport;
    const { code, stdout } = await home.netloop('rerun', next.run_id, '--chain', '--verify', '--json');
    expect(JSON.parse(stdout)).toMatchObject([
      { run: published.run_id, verdict: 'bit-exact', cycles: published.cycles.length },
      { run: next.run_id, verdict: 'bit-exact', cycles: next.cycles.length },
    ]);
    expect(code).toBe(0);
    expect((await home.netloop('rerun', next.run_id, '--chain')).stdout.match(/^bit-exact/gm)).toHaveLength(2);

    // A record that names other weights for the version that the second run began from.
    const from = next.cycles.find((c) => c.learner === 'flow')!.parent;
    const cycles = published.cycles.map((c) =>
      c.learner === 'flow' && c.version === from ? { ...c, hashes: { ...c.hashes, weights: 'f'.repeat(64) } } : c,
    );
    const store = tracking();
    const put = (report: ExperimentReport) => store.artifact(published.run_id, 'report.json', JSON.stringify(report));
    try {
      await put({ ...published, cycles });
      const broken = await home.netloop('rerun', next.run_id, '--chain', '--verify', '--json');
      expect(JSON.parse(broken.stdout)[1]).toMatchObject({
        verdict: 'diverged',
        first: { at: `flow@${from}`, step: 'weights', recorded: 'f'.repeat(64) },
      });
      expect(broken.code).toBe(1);
    } finally {
      await put(published);
      store.close();
    }
    expect((await home.netloop('rerun', published.run_id, '--verify')).code).toBe(0);
  });

  test('a group of seeds is rerun seed by seed', async () => {
    const group = JSON.parse((await home.netloop('run', home.spec, '--seeds', '2', '--json')).stdout) as SeedGroup;
    const { code, stdout } = await home.netloop('rerun', group.id, '--verify', '--json');
    expect(JSON.parse(stdout)).toMatchObject(group.members.map(({ run }) => ({ run, verdict: 'bit-exact' })));
    expect(code).toBe(0);
  });

  test('one cycle is rerun alone from the window that was kept, and the verdict stands on its run', async () => {
    const { stdout } = await home.netloop('run', home.spec, '--set', 'keep=window', '--json');
    const kept = JSON.parse(stdout) as ExperimentReport;
    const store = tracking();
    try {
      const children = await store.runs({ parent: kept.run_id });
      const second = children.find(({ name }) => name === 'flow cycle 2')!;
      const alone = await home.netloop('rerun', second.id, '--verify', '--json');
      expect(JSON.parse(alone.stdout)).toMatchObject({ run: second.id, verdict: 'bit-exact', cycles: 1 });
      expect((await store.runs({ id: second.id }))[0]!.tags['netloop.rerun.verdict']).toBe('bit-exact');
      expect((await store.runs({ id: kept.run_id }))[0]!.tags).not.toHaveProperty('netloop.rerun.verdict');
      expect((await home.netloop('rerun', second.id)).stdout).toContain('small seed 1, flow cycle 2, run');
      // Without its window it is rerun with its whole run, which replays a file.
      rmSync(join(home.dir, '.netloop', 'windows', kept.run_id), { recursive: true });
      const whole = JSON.parse((await home.netloop('rerun', second.id, '--json')).stdout) as { run: string; cycles: number };
      expect(whole).toMatchObject({ run: kept.run_id, verdict: 'bit-exact', cycles: kept.cycles.length });
    } finally {
      store.close();
    }
  });

  test('a record that does not hold fails --verify with the step and both values, and passes a tolerance', async () => {
    const { stdout } = await home.netloop('run', home.spec, '--json');
    const run = JSON.parse(stdout) as ExperimentReport;
    const first = run.cycles.find((c) => c.learner === 'flow')!;
    const epochs = first.epochs.map((e, i) => (i === 2 ? { ...e, loss: e.loss + 1e-9 } : e));
    const bent = { ...run, cycles: run.cycles.map((c) => (c === first ? { ...c, epochs } : c)) };
    const store = tracking();
    try {
      await store.artifact(run.run_id, 'report.json', JSON.stringify(bent));
    } finally {
      store.close();
    }
    const strict = await home.netloop('rerun', run.run_id, '--verify', '--json');
    expect(strict.code).toBe(1);
    expect(JSON.parse(strict.stdout)).toMatchObject({
      verdict: 'diverged',
      first: {
        at: 'flow cycle 1',
        step: 'epochs',
        field: `epoch ${epochs[2]!.epoch}.loss`,
        recorded: epochs[2]!.loss,
        again: first.epochs[2]!.loss,
      },
    });
    const tolerant = await home.netloop('rerun', run.run_id, '--verify', '--tolerance', '1e-6');
    expect(tolerant.stdout).toContain('within tolerance');
    expect(tolerant.code).toBe(0);
  });

  test('changed data is refused before anything runs; missing data too', async () => {
    const bytes = readFileSync(home.data);
    try {
      writeFileSync(home.data, bytes.toString().replace('"orig_bytes":', '"orig_bytes":1'));
      const { code, stderr } = await home.netloop('rerun', published.run_id, '--json');
      expect(stderr).toMatch(/^NL_DATASET .*conn\.log is not what run [0-9a-f]{32} read: recorded SHA-256 [0-9a-f]{64}, now [0-9a-f]{64}/);
      expect(code).toBe(1);
    } finally {
      writeFileSync(home.data, bytes);
    }
    const elsewhere = createTestHome();
    try {
      const { stdout } = await elsewhere.netloop('run', elsewhere.spec, '--json');
      const { run_id } = JSON.parse(stdout) as ExperimentReport;
      rmSync(elsewhere.data);
      expect((await elsewhere.netloop('rerun', run_id)).stderr).toMatch(/NL_DATASET the data of run/);
    } finally {
      elsewhere.remove();
    }
  });

  test('an unknown run is named with the nearest ids', async () => {
    const wrong = `${published.run_id.slice(0, 31)}${published.run_id.endsWith('0') ? '1' : '0'}`;
    const { code, stderr } = await home.netloop('rerun', wrong);
    expect(stderr).toContain(`NL_RUN_UNKNOWN no run ${wrong}; nearest: ${published.run_id} (small seed 1)`);
    expect(code).toBe(1);
    expect((await home.netloop('rerun', published.run_id, '--tolerance', '-1')).stderr).toMatch(/^NL_OPTION invalid tolerance/);
  });
});

describe('netloop compare', () => {
  test('why B differs from A: as a table, as JSON and as a page', async () => {
    const other = JSON.parse((await home.netloop('run', home.spec, '--set', 'sequence.length=5', '--json')).stdout) as ExperimentReport;
    const page = join(home.dir, 'why.html');
    const { code, stdout } = await home.netloop('compare', published.run_id, other.run_id, '--html', page);
    expect(code).toBe(0);
    expect(stdout).toMatch(/sequence\.length\s+10\s+5/);
    expect(stdout).toContain('data: the same (1)');
    expect(stdout).toMatch(/differs in .*params \(.*sequence\.length 10 -> 5.*\); first seen in behaviour cycle 1, samples/);
    expect(readFileSync(page, 'utf8')).toContain('<td>sequence.length</td><td>10</td><td>5</td>');
    const json = JSON.parse((await home.netloop('compare', published.run_id, other.run_id, '--json')).stdout) as { why: string[] };
    expect(json.why).toHaveLength(1);
    expect((await home.netloop('compare', published.run_id, 'ffff')).stderr).toMatch(/^NL_RUN_UNKNOWN no run ffff; nearest:/);
  });
});

describe('netloop runs', () => {
  test('lists what was recorded, newest first, with the verdict of a rerun', async () => {
    const { code, stdout } = await home.netloop('runs');
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    expect(lines[0]).toMatch(/^run\s+name\s+status/);
    expect(lines.at(-1)).toMatch(new RegExp(`^${published.run_id.slice(0, 12)}  small seed 1\\s+FINISHED .* bit-exact`));
    const json = JSON.parse((await home.netloop('runs', 'small', '--limit', '2', '--json')).stdout) as { id: string; parent?: string }[];
    expect(json).toHaveLength(2);
    expect(json.every((run) => run.parent === undefined)).toBe(true);
    expect((await home.netloop('runs', 'none-such')).stdout).toMatch(/^no runs yet/);
    expect((await home.netloop('runs', '--limit', '0')).stderr).toMatch(/^NL_OPTION invalid limit/);
  });
});
