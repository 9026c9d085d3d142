import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { codeFiles } from '../../src/stores/code-files.js';
import { environmentTags } from '../../src/stores/environment.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { flowSource, only, run, specOf } from '../promises/run.js';
import { makeCapture, pcapOf } from '../traffic/capture.js';
import { makeFlows } from '../traffic/flows.js';
import { testFolder } from './folder.js';

/** A real repository with one commit. */
function repository() {
  const dir = testFolder();
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', dir, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { stdio: 'pipe' }).toString();
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  };
  git('init', '-q');
  write('.gitignore', '*.log\nexperiments/private/\n');
  write('src/known.ts', 'export const one = 1;\n');
  write('config/.env', 'TOKEN=old-secret\n');
  git('add', '.');
  git('commit', '-q', '-m', 'first');
  return { dir, write };
}

const text = (bytes: Uint8Array | string | undefined): string => Buffer.from(bytes ?? '').toString('utf8');
function recorded(dir: string) {
  const files = new Map(codeFiles(dir).map(({ path, bytes }) => [path, text(bytes)]));
  const { files: listed = [], unlisted = 0 } = JSON.parse(files.get('code/untracked.json') ?? '{}') as {
    files?: { path: string; bytes?: number; sha256?: string; left?: string }[];
    unlisted?: number;
  };
  return { files, unlisted, left: Object.fromEntries(listed.flatMap(({ path, left }) => (left === undefined ? [] : [[path, left]]))) };
}

test('a clean checkout has nothing to record, and a folder that is none neither', () => {
  const { dir } = repository();
  expect(codeFiles(dir)).toEqual([]);
  expect(codeFiles(testFolder())).toEqual([]);
});

test('uncommitted changes are recorded whole, those of secrets never', () => {
  const { dir, write } = repository();
  const long = Array.from({ length: 2000 }, (_, i) => `export const n${i} = ${i};`).join('\n');
  write('src/known.ts', long);
  write('config/.env', 'TOKEN=new-secret\n');
  const { files } = recorded(dir);
  expect([...files.keys()]).toEqual(['code/changes.diff']);
  expect(files.get('code/changes.diff')).toContain('+export const n1999 = 1999;');
  const tags = environmentTags(dir);
  expect(tags['mlflow.source.git.dirty']).toBe('true');
  for (const said of [...files.values(), ...Object.values(tags)]) expect(said).not.toContain('secret');
});

test('untracked sources are recorded; ignored files, traffic, secrets, links and what is no text never', () => {
  const { dir, write } = repository();
  const limit = 256 * 1024;
  write('src/new.ts', 'export const two = 2;\n');
  write('experiments/deep/ünï (1).yaml', 'name: new\n');
  write('notebooks/11-new.ipynb', 'x'.repeat(limit));
  write('elsewhere/notes.md', 'not a source');
  write('experiments/private/ignored.yaml', 'name: ignored\n');
  write('src/run.log', 'ignored');
  write('experiments/large.yaml', 'x'.repeat(limit + 1));
  write('experiments/day.pcap', pcapOf(makeCapture({ sessions: 3 })));
  write('experiments/named-otherwise.yaml', pcapOf(makeCapture({ sessions: 3 })));
  write('notebooks/conn.txt', '{"ts":1,"id.orig_h":"10.0.0.1"}\n');
  write('experiments/.env', 'TOKEN=secret-1');
  write('src/.env.local', 'TOKEN=secret-2');
  write('src/prod.ENV', 'TOKEN=secret-3');
  write('src/tls/server.pem', 'secret-4');
  write('src/deploy.txt', '-----BEGIN OPENSSH PRIVATE KEY-----\nsecret-5\n');
  write('src/weights.bin', Uint8Array.of(1, 0, 2));
  write('src/a#b.ts', 'export {};\n');
  write('outside.txt', 'secret-6');
  symlinkSync(join(dir, 'outside.txt'), join(dir, 'src', 'link.ts'));
  symlinkSync(dir, join(dir, 'src', 'loop'));

  const { files, left } = recorded(dir);
  expect([...files.keys()]).toEqual([
    'code/untracked/experiments/deep/ünï (1).yaml',
    'code/untracked/notebooks/11-new.ipynb',
    'code/untracked/src/new.ts',
    'code/untracked.json',
  ]);
  expect(files.get('code/untracked/src/new.ts')).toBe('export const two = 2;\n');
  for (const said of files.values()) expect(said).not.toContain('secret-');
  const packets = 'it is a packet capture (pcap or pcapng)';
  const secret = 'its name says that it holds secrets';
  expect(left).toEqual({
    'experiments/.env': secret,
    'experiments/day.pcap': packets,
    'experiments/large.yaml': `it is larger than ${limit} bytes`,
    'experiments/named-otherwise.yaml': packets,
    'notebooks/conn.txt': 'it is a Zeek conn.log',
    'src/.env.local': secret,
    'src/a#b.ts': 'its name is none that every tracking store takes',
    'src/deploy.txt': 'it holds a private key',
    'src/link.ts': 'it is a link',
    'src/loop': 'it is a link',
    'src/prod.ENV': secret,
    'src/tls/server.pem': secret,
    'src/weights.bin': 'it is not text',
  });
});

test('what is recorded has a cap, and says what it leaves out', () => {
  const { dir, write } = repository();
  for (let i = 0; i < 34; i++) write(`src/much/${String(i).padStart(4, '0')}.ts`, 'x'.repeat(250 * 1024));
  const much = recorded(dir);
  expect(Object.keys(much.left)).toEqual(['src/much/0032.ts', 'src/much/0033.ts']);
  expect(much.left['src/much/0033.ts']).toBe('the files are larger than 8388608 bytes in all');
  for (let i = 0; i < 1000; i++) write(`src/many/${i}.ts`, '');
  expect(recorded(dir).unlisted).toBe(34);
});

test("the files lie with the experiment's run", async () => {
  const { dir, write } = repository();
  write('src/known.ts', 'export const one = 11;\n');
  write('experiments/mine.yaml', 'name: mine\n');
  const tracking = createEmbeddedTracking(testFolder());
  onTestFinished(() => tracking.close());
  const { report } = await run(specOf(only('flow')), [flowSource(makeFlows({ flows: 20, seed: 1 }))], { tracking, code: codeFiles(dir) });
  const read = async (path: string) => text(await tracking.readArtifact(report.run_id, path));
  expect(await read('code/changes.diff')).toContain('+export const one = 11;');
  expect(await read('code/untracked/experiments/mine.yaml')).toBe('name: mine\n');
});
