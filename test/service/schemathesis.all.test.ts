import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { python } from '../python.js';
import { testFolder } from '../stores/folder.js';
import { startSite } from './site.js';

const requirements = join(import.meta.dirname, 'schemathesis.txt');
const venv = join(import.meta.dirname, '..', '..', '.netloop', 'venv-schemathesis');

/** An environment of its own, so that its pins and those of the other peers do not meet. Made once; a stamp holds the hash of the pins. */
function prepare(): string {
  const program = join(venv, 'bin', 'schemathesis');
  const stamp = join(venv, 'netloop-stamp');
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return program;
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(dirname(venv), { recursive: true });
  for (const [command, args] of [
    [python!, ['-m', 'venv', venv]],
    [join(venv, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]],
  ] as const) {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  }
  writeFileSync(stamp, hash);
  return program;
}

const checks =
  'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance';

test.skipIf(python === null)(
  'Schemathesis: whatever it sends, every answer is one that the OpenAPI document promises, and none is our failure',
  { timeout: 600_000 },
  async () => {
    const program = prepare();
    const site = await startSite({ rate: 10_000_000, flows: 300 });
    const args = [
      'run',
      `${site.url}/docs/json`,
      '--checks',
      checks,
      '--phases',
      'examples,coverage,fuzzing',
      '--mode',
      'all',
      '--seed',
      '1',
    ];
    const limits = [
      '--max-examples',
      '100',
      '--request-timeout',
      '20',
      '--exclude-path',
      '/events',
      '--no-color',
      '--max-time',
      '110',
      '--suppress-health-check',
      'all',
    ];
    const fuzzing = spawn(program, [...args, ...limits], { cwd: testFolder() });
    let said = '';
    for (const stream of [fuzzing.stdout, fuzzing.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const enough = setTimeout(() => fuzzing.kill('SIGINT'), 300_000); // it keeps its own two minutes
    const code = await new Promise<number | null>((resolve) => fuzzing.on('close', resolve));
    clearTimeout(enough);
    expect(said.match(/^.*(Server error|Undocumented|violates schema|not documented).*$/gm) ?? [], said.slice(-8000)).toEqual([]);
    expect(said, 'it did not run').toMatch(/(\d+) (generated|passed|test cases|cases)/i);
    expect([0, 130, 2], said.slice(-3000)).toContain(code);
    expect(site.broken).toEqual([]);
  },
);
