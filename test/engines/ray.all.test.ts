import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRayEngine, type RayOptions } from '../../src/engines/ray.js';
import { isNetloopError } from '../../src/errors.js';
import { loadSpec } from '../../src/sources/spec-file.js';
import { resolveSpec } from '../../src/spec.js';
import { createTestHome, program, type TestHome } from '../cli/home.js';
import { python } from '../python.js';
import { startRay } from './ray-cluster.js';
import { expectSameSweep } from './same-sweep.js';

const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isNetloopError(error) ? `${error.code} ${error.message}` : String(error)),
  );

describe.runIf(python !== null)('Ray Jobs', () => {
  let home: TestHome;
  let cluster: Awaited<ReturnType<typeof startRay>>;
  const options = (more: Partial<RayOptions> = {}): RayOptions => ({
    url: cluster!.url,
    command: [process.execPath, program],
    cwd: home.dir,
    env: { NETLOOP_HOME: home.dir },
    ...more,
  });
  const jobs = async () => (await (await fetch(`${cluster!.url}/api/jobs/`)).json()) as { submission_id: string; status: string }[];

  beforeAll(async () => {
    home = createTestHome();
    cluster = await startRay(python!);
    if (!cluster) throw new Error('no Ray beside the Python peers: node scripts/python.mjs installs test/requirements.txt');
  }, 240_000);
  afterAll(async () => {
    await cluster?.stop();
    home.remove();
  }, 60_000);

  test('without Ray, or before something else, it says so at once', async () => {
    expect(await codeOf(openRayEngine(options({ url: 'http://127.0.0.1:9' })))).toMatch(
      /^NL_WORKER no Ray answers at 127\.0\.0\.1:9: .*ray start --head/,
    );
    expect(await codeOf(openRayEngine(options({ url: `${cluster!.url}/none/` })))).toBe('no error'); // the API lies at the root
  });

  test('the same sweep gives the same hashes as in this process, and is found again', async () => {
    await expectSameSweep(home, '--engine', 'ray', '--ray', cluster!.url);
    expect(await jobs()).toEqual([]);
  }, 180_000);

  test("a trial's error keeps its code, a cancelled trial is stopped, and no job stays on Ray's list", async () => {
    const engine = await openRayEngine(options());
    const spec = resolveSpec(loadSpec(home.spec));
    try {
      expect(await codeOf(engine.run({ ...spec, source: { ...spec.source, files: ['gone.log'] } }))).toMatch(
        /^NL_FILE_MISSING .*gone\.log/,
      );
      const controller = new AbortController();
      const slow = { ...spec, flow: { ...spec.flow, first: { ...spec.flow.first, epochs: 1000, batch: 1 } } }; // many seconds
      const trial = engine.run(slow, controller.signal);
      setTimeout(() => controller.abort(), 3000);
      await expect(trial).rejects.toMatchObject({ name: 'AbortError' });
    } finally {
      await engine.close();
    }
    expect(await jobs()).toEqual([]);
  }, 120_000);
});
