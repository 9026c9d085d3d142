import { type ChildProcess, spawn } from 'node:child_process';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBullmqEngine } from '../../src/engines/bullmq.js';
import { isNetloopError } from '../../src/errors.js';
import { loadSpec } from '../../src/sources/spec-file.js';
import { resolveSpec } from '../../src/spec.js';
import { createTestHome, program, type TestHome } from '../cli/home.js';
import { expectSameSweep } from './same-sweep.js';

// A real Redis; a queue of its own, which is emptied out of it afterwards.
const url = process.env.NETLOOP_TEST_REDIS ?? 'redis://127.0.0.1:6379';
const queue = `netloop-test-${process.pid}`;
const place = { url, queue };

let home: TestHome;
let worker: ChildProcess;

async function startWorker(...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, 'sweep-worker', '--redis', url, '--queue', queue, '--json', ...args], {
    cwd: home.dir,
    env: home.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', (chunk) => String(chunk).includes('"ready"') && resolve());
    child.once('close', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
  return child;
}
async function end(child: ChildProcess): Promise<number | null> {
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  return ended;
}
const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isNetloopError(error) ? `${error.code} ${error.message}` : String(error)),
  );

beforeAll(async () => {
  home = createTestHome();
});
afterAll(async () => {
  if (worker?.exitCode === null) await end(worker);
  const left = new Queue(queue, { connection: { url } });
  await left.obliterate({ force: true });
  await left.close();
  home.remove();
});

describe('BullMQ on Redis', () => {
  test('without Redis, or without any worker, it says so at once', async () => {
    expect(await codeOf(openBullmqEngine({ url: 'redis://127.0.0.1:9', queue }))).toMatch(
      /^NL_WORKER no Redis answers at 127\.0\.0\.1:9: .*REFUSED/,
    );
    expect(await codeOf(openBullmqEngine(place))).toMatch(/^NL_WORKER no worker takes trials from netloop-test.*netloop sweep-worker/);
  });

  test('the same sweep gives the same hashes as in this process, and is found again', async () => {
    worker = await startWorker('--workers', '2');
    await expectSameSweep(home, '--engine', 'bullmq', '--redis', url, '--queue', queue);
  });

  test("a trial's error keeps its code, a cancelled trial leaves the queue, and nothing stays in Redis", async () => {
    const engine = await openBullmqEngine(place);
    const spec = resolveSpec(loadSpec(home.spec));
    try {
      expect(await codeOf(engine.run({ ...spec, source: { ...spec.source, files: ['gone.log'] } }))).toMatch(
        /^NL_FILE_MISSING .*gone\.log/,
      );
      await end(worker);
      const controller = new AbortController();
      const trial = engine.run(spec, controller.signal);
      setTimeout(() => controller.abort(), 200);
      await expect(trial).rejects.toMatchObject({ name: 'AbortError' });
    } finally {
      await engine.close();
    }
    const left = new Queue(queue, { connection: { url } });
    expect(await left.getJobCounts()).toMatchObject({ waiting: 0, active: 0, completed: 0, failed: 0 });
    await left.close();
  });
});
