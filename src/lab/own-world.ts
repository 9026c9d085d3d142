import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { NetloopError } from '../errors.js';
import type { LabPlan } from './schedule.js';

/** One line that a world's program says; 'done' and 'failed' are the last. */
export interface Line {
  readonly step: string;
  readonly message?: string;
  readonly [key: string]: unknown;
}

/** A compiled file of netloop; tests run from src/, it lies in dist/. */
export function compiled(path: string): string {
  const here = fileURLToPath(new URL(`../${path}`, import.meta.url));
  if (existsSync(here)) return here;
  const built = fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
  if (existsSync(built)) return built;
  throw new NetloopError('NL_FILE_MISSING', `${built} does not exist; run npm run build`, { where: { file: built } });
}

export interface OwnWorldOptions {
  /** Its compiled file; it is given `dir`. */
  readonly program: string;
  /** Holds plan.json; takes what the world leaves. */
  readonly dir: string;
  readonly plan: LabPlan;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: Line) => void;
}

/**
 * Unshares a world of namespaces without a route out, runs a program in it and resolves with its last line. Everything in it dies with
 * it, and it with us.
 * @throws NL_CANCELLED; NL_WORKER with the program's own words
 */
export function runInOwnWorld({ program, dir, plan, signal, onLine = () => {} }: OwnWorldOptions): Promise<Line> {
  writeFileSync(join(dir, 'plan.json'), JSON.stringify(plan));
  const own = ['unshare', '-m', '-n', '-p', '-u', '-i', '-f', '--kill-child', '--mount-proc'];
  // The shell is the world's first process: it buries orphans, which node would not.
  const first = ['sh', '-c', '"$0" "$@" & trap "kill $!" TERM; wait $!', process.execPath, program, dir];
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new NetloopError('NL_CANCELLED', 'the lab was cancelled'));
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...own, ...first], { stdio: ['ignore', 'pipe', 'pipe'] });
    let last: Line = { step: '' };
    let errors = '';
    const abort = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', abort, { once: true });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (!text.startsWith('{')) return;
      last = JSON.parse(text) as Line;
      onLine(last);
    });
    child.on('error', (cause) => reject(new NetloopError('NL_WORKER', 'the lab could not be started', { cause })));
    child.on('close', () => {
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted) return reject(new NetloopError('NL_CANCELLED', 'the lab was cancelled; nothing of it is left'));
      if (last.step === 'done') return resolve(last);
      const why = last.step === 'failed' ? last.message : `the world ended early; ${errors.trim().split('\n').pop() ?? ''}`;
      reject(new NetloopError('NL_WORKER', `the lab failed: ${why}`, { where: { day: plan.day } }));
    });
  });
}
