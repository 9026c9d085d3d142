import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TrialResult } from '../../src/engines/trials.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { createTestHome, program, type TestHome } from './home.js';

let home: TestHome;
let file: string;
beforeAll(() => {
  home = createTestHome();
  file = home.file('grid.yaml', 'extends: small\npublish: true\nsweep: { grid: { sequence.length: [5, 10], seed: [1, 2] } }\n');
});
afterAll(() => home.remove());

// Other code is other results, so a sweep runs again when the work tree changes; these tests must hold while somebody edits it.
const sweep = (...args: string[]) => home.netloop('sweep', file, '--any-code', ...args);
const resultsOf = (stdout: string) => (JSON.parse(stdout) as { results: TrialResult[] }).results;
const runs = async () => {
  const store = createEmbeddedTracking(join(home.dir, '.netloop', 'tracking'));
  try {
    return await store.runs({ parent: null });
  } finally {
    store.close();
  }
};

describe('netloop sweep', () => {
  test('a spent budget leaves trials; the next sweep finds what is done and runs the rest, on another engine, to the same bits', async () => {
    const first = await sweep('--budget-runs', '1', '--json');
    expect(first.stderr).toBe('');
    expect(resultsOf(first.stdout).map((r) => r.status)).toEqual(['done', 'left', 'left', 'left']);

    const pool = resultsOf((await sweep('--engine', 'pool', '--workers', '2', '--json')).stdout);
    expect(pool.map((r) => r.status)).toEqual(['found', 'done', 'done', 'done']);
    expect(pool[0]!.report!.hashes).toEqual(resultsOf(first.stdout)[0]!.report!.hashes);

    const again = await sweep();
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/sequence\.length\s+seed\s+status/);
    expect(again.stdout.match(/found/g)).toHaveLength(4);

    const recorded = await runs();
    expect(recorded).toHaveLength(4);
    expect(recorded.every((run) => run.tags['netloop.sweep'] === 'small' && run.tags['netloop.trial']!.length === 64)).toBe(true);
    expect((await home.netloop('models', 'list', '--json')).stdout.trim()).toBe('[]'); // a sweep never publishes

    // A run of the same spec is the trial, whoever ran it: here the pool's, there this process.
    const alone = JSON.parse((await home.netloop('run', home.spec, '--set', 'sequence.length=5', '--set', 'seed=2', '--json')).stdout);
    expect(alone.hashes).toEqual(pool[1]!.report!.hashes);
  });

  test('a trial that fails is tried twice and told, the others are done, and the sweep exits with 1', async () => {
    const broken = home.file('broken.yaml', 'extends: small\nname: broken\nsweep: { grid: { source.files: [[gone.log], [conn.log]] } }\n');
    const { code, stdout, stderr } = await home.netloop('sweep', broken, '--json');
    expect(stderr).toMatch(/^NL_FILE_MISSING|^$/);
    expect(code).toBe(1);
    const results = resultsOf(stdout);
    expect(results.map((r) => r.status)).toEqual(['failed', 'done']);
    expect(results[0]!.failures).toEqual([expect.stringMatching(/^NL_FILE_MISSING/), expect.stringMatching(/^NL_FILE_MISSING/)]);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('a sweep ended by %s on the way is gone on with', async (signal) => {
    const slow = home.file(
      `slow-${signal}.yaml`,
      `extends: small\nname: slow-${signal}\nflow: { first: { epochs: 400 } }\nsweep: { grid: { seed: [1, 2, 3] } }\n`,
    );
    const child = spawn(process.execPath, [program, 'sweep', slow, '--any-code'], {
      cwd: home.dir,
      env: home.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      if (stderr.includes('1/3 done')) setTimeout(() => child.kill(signal), 300);
    });
    await ended;
    expect(stderr).not.toContain('3/3');
    const own = (await runs()).filter((run) => run.name.startsWith(`slow-${signal}`));
    if (signal === 'SIGTERM') {
      expect(stderr).toContain('NL_CANCELLED');
      expect(own.map((run) => run.status)).toEqual(['KILLED', 'FINISHED']);
    }
    const results = resultsOf((await home.netloop('sweep', slow, '--any-code', '--json')).stdout);
    expect(results[0]!.status).toBe('found');
    expect(results.map((r) => r.report!.hashes.weights.length)).toEqual([64, 64, 64]);
  });

  test('by halving the better trials go on from the start for more cycles, and a second sweep finds every rung', async () => {
    const text = 'extends: small\nname: halves\nsweep: { grid: { seed: [1, 2] }, halving: { cycles: 2, learner: flow } }\n';
    const halves = home.file('halves.yaml', text);
    const ran = async (...args: string[]) => {
      const { stdout } = await home.netloop('sweep', halves, '--any-code', '--json', ...args);
      return (JSON.parse(stdout) as { rungs: { cycles: number; results: TrialResult[] }[] }).rungs;
    };
    const here = await ran();
    expect(here.map((r) => [r.cycles, r.results.length])).toEqual([
      [2, 2],
      [4, 1],
    ]);
    const again = await ran('--engine', 'pool', '--workers', '2');
    expect(again.flatMap((r) => r.results.map((t) => t.status))).toEqual(['found', 'found', 'found']);
    const shown = await home.netloop('sweep', halves, '--any-code');
    expect(shown.stderr).toMatch(/^2 cycles, 1\/2 found/m);
    expect(shown.stdout).toMatch(/rung 2: 1 trials for 4 cycles/);
  });

  test('wrong use is told before anything runs', async () => {
    const before = (await runs()).length;
    const wrong = async (...args: string[]) => {
      const { code, stderr } = await home.netloop(...args);
      return `${code} ${stderr}`;
    };
    expect(await wrong('sweep', home.spec)).toMatch(/^2 NL_SPEC .*small\.yaml: no sweep/);
    expect(await wrong('run', file)).toMatch(/^2 NL_SPEC .*grid\.yaml: describes a sweep: netloop sweep/);
    expect(await wrong('sweep', file, '--engine', 'slurm')).toMatch(
      /^2 NL_OPTION invalid --engine: expected process, pool, bullmq or ray, got slurm/,
    );
    expect(await wrong('sweep', file, '--engine', 'ray', '--ray', 'here')).toMatch(/^2 NL_OPTION invalid --ray/);
    expect(await wrong('sweep', file, '--workers', '2')).toMatch(/^2 NL_OPTION invalid --workers/);
    expect(await wrong('sweep', file, '--budget-runs', '0')).toMatch(/^2 NL_OPTION invalid budget-runs/);
    expect(await wrong('sweep', file, '--budget-minutes', '-1')).toMatch(/^2 NL_OPTION invalid budget-minutes/);
    expect(await wrong('sweep', file, '--set', 'sequence.minFlows=9')).toMatch(/^2 NL_SPEC .*sequence\.length=5.*minFlows must be at most/);
    expect((await runs()).length).toBe(before);
  });
});
