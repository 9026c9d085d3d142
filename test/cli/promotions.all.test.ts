import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileRegistry, type FileRegistry } from '../../src/stores/registry-files.js';
import { createTestHome, type TestHome } from './home.js';

let home: TestHome;
let registry: FileRegistry;
beforeAll(() => {
  home = createTestHome();
  registry = createFileRegistry({ dir: join(home.dir, 'models') });
});
afterAll(() => home.remove());

describe('netloop models promote, rollback and log', () => {
  interface Report {
    readonly run_id: string;
    readonly cycles: readonly { readonly learner: string; readonly version: number | null; readonly state: string }[];
  }
  const runs: Report[] = [];
  beforeAll(async () => {
    const ways = [['publish=true'], ['publish=true', 'gate.minAccuracy=1']];
    for (const sets of ways) {
      runs.push(JSON.parse((await home.netloop('run', home.spec, ...sets.flatMap((s) => ['--set', s]), '--json')).stdout) as Report);
    }
  });
  const live = async () => [(await registry.current('behaviour'))!.version, (await registry.current('flow'))!.version];
  const newest = (report: Report, learner: string) => report.cycles.findLast((c) => c.learner === learner && c.version !== null)!.version!;
  const deployed = (learner: string) => runs[0]!.cycles.findLast((c) => c.learner === learner && c.state === 'deployed')!;
  const promote = (...args: string[]) => home.netloop('models', 'promote', ...args);

  test('what the gate refused goes live only by force, with a reason, and the trail says so', async () => {
    const before = await live();
    const refused = newest(runs[1]!, 'flow');
    const ended = await promote('flow', String(refused));
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^NL_GATE flow@\d+ does not go live: the gate refused it \(accuracy .*needs > 1\); --force --why/);
    expect((await promote('flow', String(refused), '--force')).stderr).toMatch(/^NL_OPTION invalid --force/);
    expect(await live()).toEqual(before);

    const forced = await promote(`flow@${refused}`, '--force', '--why', 'a drill', '--json');
    expect(JSON.parse(forced.stdout)).toMatchObject({ name: 'flow', from: before[1], to: refused });
    const trail = JSON.parse((await home.netloop('models', 'log', 'flow', '--json')).stdout) as Record<string, unknown>[];
    const [previous, last] = trail.slice(-2);
    expect(last).toMatchObject({
      to: refused,
      until: null,
      why: expect.stringMatching(/^forced past the gate \(refused: accuracy .*\): a drill$/),
      by: expect.any(String),
      evidence: { run: expect.stringMatching(/^[0-9a-f]{32}$/), verdict: { deploy: false } },
    });
    expect(previous!.until).toBe(last!.at);
    expect((await home.netloop('models', 'log', 'flow')).stdout).toMatch(/live +\d+ .*a drill .*refused: accuracy/);
  });

  test('a run promotes what the gate let through of both learners, or of one, or nothing', async () => {
    const [behaviour, flow] = [deployed('behaviour').version!, deployed('flow').version!];
    const one = await promote(runs[0]!.run_id.slice(0, 12), '--model', 'flow', '--why', 'better');
    expect([one.code, one.stdout]).toEqual([0, expect.stringMatching(new RegExp(`^flow: \\d+ -> ${flow} \\(better\\)\\n$`))]);
    const both = JSON.parse((await promote(runs[0]!.run_id, '--json')).stdout) as { name: string; to: number }[];
    expect(both.map(({ name, to }) => [name, to])).toEqual([
      ['behaviour', behaviour],
      ['flow', flow],
    ]);
    expect((await promote(runs[1]!.run_id)).stderr).toMatch(/^NL_GATE /);
    expect(await live()).toEqual([behaviour, flow]);
  });

  test('a run that put nothing into the registry, or that is not there, says so', async () => {
    const { run_id } = JSON.parse((await home.netloop('run', home.spec, '--json')).stdout) as Report;
    expect((await promote(run_id)).stderr).toMatch(/^NL_MODEL_UNKNOWN run [0-9a-f]+ has no version in the registry: .*publish/);
    expect((await promote('0123456789')).stderr).toMatch(/^NL_RUN_UNKNOWN /);
    expect((await promote('flow')).stderr).toMatch(/^NL_OPTION missing version/);
    expect((await promote('flow', '999')).stderr).toMatch(/^NL_MODEL_UNKNOWN/);
  });

  test('roll back goes to any version that was live, and to no other', async () => {
    const to = newest(runs[1]!, 'flow');
    const { code, stdout } = await home.netloop('models', 'rollback', 'flow', String(to), '--why', 'again');
    expect([code, stdout]).toEqual([0, `flow: ${deployed('flow').version} -> ${to} (again)\n`]);
    const never = newest(runs[1]!, 'behaviour');
    expect((await home.netloop('models', 'rollback', 'behaviour', String(never))).stderr).toMatch(
      /^NL_MODEL_UNKNOWN .*has never been live/,
    );
  });
});
