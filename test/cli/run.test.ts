import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExperimentReport } from '../../src/experiment.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { createTestHome, program, type TestHome } from './home.js';

let home: TestHome;
beforeAll(() => {
  home = createTestHome();
});
afterAll(() => home.remove());

const recorded = async (id: string) => {
  const store = createEmbeddedTracking(join(home.dir, '.netloop', 'tracking'));
  try {
    return (await store.runs({ id }))[0];
  } finally {
    store.close();
  }
};

describe('netloop run', () => {
  test('ends with one JSON object with run_id; the same experiment gives the same hashes, another seed others', async () => {
    const [first, second, other] = await Promise.all([
      home.netloop('run', home.spec, '--json'),
      home.netloop('run', home.spec, '--json'),
      home.netloop('run', home.spec, '--json', '--set', 'seed=2'),
    ]);
    const [a, b, c] = [first, second, other].map(({ code, stdout, stderr }) => {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout.trimEnd().split('\n')).toHaveLength(1);
      return JSON.parse(stdout) as ExperimentReport;
    });
    expect(a!.run_id).toMatch(/^[0-9a-f]{32}$/);
    expect(a!.run_id).not.toBe(b!.run_id);
    expect(Object.keys(a!.hashes).sort()).toEqual(['flows', 'labels', 'metrics', 'samples', 'weights']);
    expect(b!.hashes).toEqual(a!.hashes);
    expect(c!.hashes.flows).toBe(a!.hashes.flows);
    expect(c!.hashes.weights).not.toBe(a!.hashes.weights);
    expect(await recorded(a!.run_id)).toMatchObject({ status: 'FINISHED', tags: { 'netloop.sha256.weights': a!.hashes.weights } });
  });

  test('one class only, or rows too few: the run is recorded, and ends with 1 and the reason', async () => {
    const benign = home.file(
      'benign.log',
      readFileSync(home.data, 'utf8')
        .split('\n')
        .filter((line) => !line.includes('Malicious'))
        .join('\n'),
    );
    const few = home.file('few.log', readFileSync(home.data, 'utf8').split('\n').slice(0, 12).join('\n'));
    for (const [file, message] of [
      [benign, /^NL_ONE_CLASS nothing was learnt: .*one class only: 0 attacks among \d+ rows/],
      [few, /^NL_NO_SEQUENCES nothing was learnt: no window had rows enough/],
    ] as const) {
      const { code, stdout, stderr } = await home.netloop('run', home.spec, '--json', '--set', `source.files=[${file}]`);
      expect(stderr).toMatch(message);
      expect(code).toBe(1);
      const { run_id } = JSON.parse(stdout) as ExperimentReport;
      expect(await recorded(run_id)).toMatchObject({ status: 'FINISHED' });
    }
  });

  test('bad rows are in the report', async () => {
    const lines = readFileSync(home.data, 'utf8').trimEnd().split('\n');
    const file = home.file('holes.log', [...lines, '{broken', lines[0]!.replace(/"ts":[\d.]+/, '"ts":"never"')].join('\n'));
    const { stdout } = await home.netloop('run', home.spec, '--json', '--set', `source.files=[${file}]`);
    expect(JSON.parse(stdout)).toMatchObject({ flows: 1000, ignored: { 'not JSON': 1, 'bad ts': 1 } });
  });

  test('Ctrl-C ends it with NL_CANCELLED; the run is KILLED, and the next one works', async () => {
    const slow = ['--set', 'flow.first.epochs=1000', '--set', 'name=slow'];
    const child = spawn(process.execPath, [program, 'run', home.spec, ...slow], {
      cwd: home.dir,
      env: home.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    let stdout = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.stdout.on('data', (chunk) => (stdout += chunk));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const begun = async () => {
      const store = createEmbeddedTracking(join(home.dir, '.netloop', 'tracking'));
      try {
        return (await store.runs({ parent: null })).filter((run) => run.name.startsWith('slow'));
      } finally {
        store.close();
      }
    };
    await expect.poll(async () => (await begun()).length, { timeout: 20_000, interval: 100 }).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    child.kill('SIGINT');
    expect(await ended).toBe(1);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(/^NL_CANCELLED /);
    expect(stdout).toBe('');
    expect((await begun()).map(({ status }) => status)).toEqual(['KILLED']);
    expect((await home.netloop('run', home.spec, '--json')).code).toBe(0);
  });
});

describe('an experiment file that is wrong', () => {
  test('each says what and where', async () => {
    home.file('a.yaml', 'extends: b\n');
    const wrong: [string, string, number, RegExp][] = [
      ['loop.yaml', 'extends: ./loop.yaml\n', 2, /^NL_SPEC .*loop\.yaml: extends itself through/],
      ['b.yaml', 'extends: a\n', 2, /^NL_SPEC .*extends itself through .*b\.yaml -> .*a\.yaml/],
      ['orphan.yaml', 'extends: nobody\n', 1, /^NL_FILE_MISSING .*nobody\.yaml/],
      ['torn.yaml', 'source: { files: [\n', 2, /^NL_SPEC .*torn\.yaml: not YAML: .*line/],
      ['list.yaml', '- 1\n', 2, /^NL_SPEC .*expected keys and values/],
      ['empty.yaml', '', 2, /^NL_SPEC .*expected keys and values/],
      ['key.yaml', 'source: { fils: [a] }\n', 2, /^NL_SPEC .*unknown key 'source\.fils', did you mean 'files'\?/],
      ['kind.yaml', 'extends: small\nsequence: { length: many }\n', 2, /^NL_SPEC .*sequence\.length/],
      ['range.yaml', 'extends: small\nsequence: { length: 51 }\n', 2, /^NL_SPEC .*sequence\.length.*50/],
      ['gone.yaml', 'source: { files: [gone.log] }\n', 1, /^NL_FILE_MISSING .*gone\.log does not exist/],
      ['user.yaml', 'extends: small\nsource: { user: who }\n', 1, /^NL_NO_USER .*no column who; there are ts, uid/],
    ];
    const files = wrong.map(([name, content]) => home.file(name, content));
    const all = await Promise.all(files.map((file) => home.netloop('run', file, '--json')));
    for (const [i, [name, , code, message]] of wrong.entries()) {
      const ended = all[i]!;
      expect(ended.stderr, name).toMatch(message);
      expect([name, ended.code, ended.stdout]).toEqual([name, code, '']);
    }
  });
});
