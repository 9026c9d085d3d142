import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPoolEngine } from '../../src/engines/pool.js';
import { isNetloopError } from '../../src/errors.js';
import type { ExperimentReport } from '../../src/experiment.js';
import { loadSpec } from '../../src/sources/spec-file.js';
import { resolveSpec } from '../../src/spec.js';
import { createTestHome, program, type TestHome } from '../cli/home.js';

let home: TestHome;
beforeAll(() => {
  home = createTestHome();
});
afterAll(() => home.remove());
const spec = () => resolveSpec(loadSpec(home.spec));
const poolOf = (command: [string, ...string[]]) => createPoolEngine({ command, workers: 2, cwd: home.dir, env: home.env });
const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isNetloopError(error) ? `${error.code} ${error.message}` : String(error)),
  );

describe('the pool', () => {
  test('gives the hashes that the command line gives, for two trials at once', async () => {
    const pool = poolOf([process.execPath, program]);
    try {
      const [one, two] = await Promise.all([pool.run(spec()), pool.run({ ...spec(), seed: 2 })]);
      const alone = JSON.parse((await home.netloop('run', home.spec, '--json')).stdout) as ExperimentReport;
      expect(one.hashes).toEqual(alone.hashes);
      expect(two.hashes.flows).toBe(alone.hashes.flows);
      expect(two.hashes.weights).not.toBe(alone.hashes.weights);
    } finally {
      await pool.close();
    }
  });

  test("a trial's error keeps its code", async () => {
    const pool = poolOf([process.execPath, program]);
    try {
      const gone = { ...spec(), source: { ...spec().source, files: ['gone.log'] } };
      expect(await codeOf(pool.run(gone))).toMatch(/^NL_FILE_MISSING .*gone\.log/);
    } finally {
      await pool.close();
    }
  });

  test('a process that dies, that cannot start, or that says nonsense is NL_WORKER', async () => {
    const script = (code: string): [string, ...string[]] => [process.execPath, '-e', code];
    const cases = [
      [script('process.kill(process.pid, "SIGKILL")'), /^NL_WORKER .*SIGKILL/],
      [script('console.error("out of luck"); process.exit(7)'), /^NL_WORKER .*code 7: out of luck/],
      [script('throw new TypeError("a bug")'), /^NL_WORKER .*code 1: TypeError: a bug$/],
      [script('console.log("no report")'), /^NL_WORKER .*not JSON/],
      [['/no/such/program'] as [string], /^NL_WORKER .*could not be started/],
    ] as const;
    for (const [command, message] of cases) {
      const pool = poolOf(command);
      try {
        expect(await codeOf(pool.run(spec()))).toMatch(message);
      } finally {
        await pool.close();
      }
    }
  });

  test('cancelling ends the process', async () => {
    const pool = poolOf([process.execPath, '-e', 'setInterval(() => {}, 1000)']);
    const controller = new AbortController();
    try {
      const trial = pool.run(spec(), controller.signal);
      setTimeout(() => controller.abort(), 100);
      await expect(trial).rejects.toMatchObject({ name: 'AbortError' });
      expect(() => pool.run(spec(), controller.signal)).toThrow(/abort/);
    } finally {
      await pool.close();
    }
  });

  test('workers are checked', () => {
    expect(() => createPoolEngine({ command: ['x'], workers: 0 })).toThrow('invalid workers');
  });
});
