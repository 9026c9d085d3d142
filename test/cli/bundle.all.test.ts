import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../stores/mlflow-server.js';
import { createTestHome, type TestHome } from './home.js';

let home: TestHome;
let other: TestHome;
let run: string;
beforeAll(async () => {
  home = createTestHome();
  other = createTestHome();
  const { stdout, stderr } = await home.netloop('run', home.spec, '--set', 'publish=true', '--json');
  expect(stderr).toBe('');
  run = (JSON.parse(stdout) as { run_id: string }).run_id;
});
afterAll(() => {
  home.remove();
  other.remove();
});

test('export and import bring a run with its cycles, files and models into another home', async () => {
  const zip = join(home.dir, 'small.zip');
  const told = await home.netloop('export', run.slice(0, 8), '--out', zip, '--json');
  expect(told).toMatchObject({ code: 0, stderr: '' });
  const { runs, models } = JSON.parse(told.stdout) as { runs: number; models: number };
  expect(runs).toBeGreaterThan(2);
  expect(models).toBeGreaterThan(1);
  const first = await other.netloop('import', zip, '--json');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(first.stdout)).toMatchObject({ copied: runs, present: 0 });
  expect(JSON.parse((await other.netloop('import', zip, '--json')).stdout)).toMatchObject({ copied: 0, present: runs });
  const [theirs] = JSON.parse((await other.netloop('runs', '--json')).stdout) as { id: string; tags: Record<string, string> }[];
  expect(theirs!.id).toBe(run);
  expect(theirs!.tags['mlflow.note.content']).toMatch(/flows, \d+ cycles/);
  const listed = JSON.parse((await other.netloop('models', 'list', '--json')).stdout) as { champion: boolean }[];
  expect(listed).toHaveLength(models);
  expect(listed.some(({ champion }) => champion)).toBe(false);
});

test('a bundle that was changed, a run that is not there and a server that is away are coded errors', async () => {
  const zip = join(home.dir, 'cut.zip');
  expect((await home.netloop('export', run, '--out', zip)).code).toBe(0);
  const cut = home.file('cut-short.zip', readFileSync(zip).subarray(0, 5000));
  expect(await other.netloop('import', cut)).toMatchObject({ code: 1, stderr: expect.stringMatching(/^NL_FILE_CORRUPT /) });
  expect(await other.netloop('import', join(home.dir, 'none.zip'))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^NL_FILE_MISSING /),
  });
  expect(await home.netloop('export', 'ffffffff')).toMatchObject({ code: 1, stderr: expect.stringMatching(/^NL_RUN_UNKNOWN /) });
  expect(await home.netloop('push')).toMatchObject({ code: 2, stderr: expect.stringMatching(/^NL_OPTION no server/) });
  const nobody = `http://127.0.0.1:${await freePort()}`;
  home.env.MLFLOW_HTTP_REQUEST_MAX_RETRIES = '0';
  const push = await home.netloop('push', '--to', nobody);
  expect(push).toMatchObject({ code: 1, stderr: expect.stringMatching(/NL_SERVER .*does not answer.*check that it runs/) });
});
