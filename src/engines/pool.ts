import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { NetloopError, number } from '../errors.js';
import type { ExperimentReport } from '../experiment.js';
import type { Engine } from '../sweep.js';
import { failure } from './failure.js';

export interface PoolOptions {
  /** How netloop is called: program and first arguments; `run FILE --json --one-thread` is added. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Trials at once, each in one thread (default: one a processor). */
  readonly workers?: number;
  /** Where trials run; paths of sources are the home's, so this matters to messages only. */
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Octets of a trial's report at most. */
  readonly maxReport?: number;
}

const KEPT_STDERR = 64 * 1024;

/**
 * Trials beside each other, each in a process of its own running `netloop run --json --one-thread`: they share nothing but the tracking store.
 * @example createPoolEngine({ command: [process.execPath, 'dist/cli/netloop.js'], workers: 2 })
 * @throws NL_OPTION; from `run`: the trial's own code, NL_WORKER when its process dies
 */
export function createPoolEngine(options: PoolOptions): Engine {
  const { command, cwd, env = process.env, maxReport = 2 ** 28 } = options;
  const slots = number('workers', options.workers ?? availableParallelism(), { min: 1, max: 256, integer: true });
  const dir = mkdtempSync(join(tmpdir(), 'netloop-pool-'));
  const children = new Set<ChildProcess>();
  let trials = 0;

  return {
    name: 'pool',
    slots,
    run: (spec, signal) => {
      signal?.throwIfAborted();
      const file = join(dir, `trial-${++trials}.json`);
      writeFileSync(file, JSON.stringify(spec)); // JSON is YAML
      return new Promise<ExperimentReport>((resolve, reject) => {
        const [program, ...args] = command;
        const child = spawn(program, [...args, 'run', file, '--json', '--one-thread'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
        children.add(child);
        const stdout: Buffer[] = [];
        let size = 0;
        let stderr = '';
        // A polite end first: the trial marks its run as killed.
        const stop = (): void => void child.kill('SIGTERM');
        signal?.addEventListener('abort', stop, { once: true });
        child.stdout.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= maxReport) stdout.push(chunk);
        });
        child.stderr.on('data', (chunk: Buffer) => {
          stderr = (stderr + chunk.toString('utf8')).slice(-KEPT_STDERR);
        });
        const done = (settle: () => void): void => {
          signal?.removeEventListener('abort', stop);
          children.delete(child);
          rmSync(file, { force: true });
          settle();
        };
        child.once('error', (cause) =>
          done(() => reject(new NetloopError('NL_WORKER', `a trial's process could not be started: ${cause.message}`, { cause }))),
        );
        child.once('close', (code, killedBy) =>
          done(() => {
            if (signal?.aborted) return reject(signal.reason as Error);
            // A run that could learn nothing ends with 1 too, but its report is whole.
            if (code !== 0 && size === 0) return reject(failure(stderr, `a trial's process ended with ${killedBy ?? `code ${code}`}`));
            if (size > maxReport)
              return reject(new NetloopError('NL_WORKER', `a trial's report has ${size} octets, expected at most ${maxReport}`));
            try {
              resolve(JSON.parse(Buffer.concat(stdout).toString('utf8')) as ExperimentReport);
            } catch (cause) {
              reject(new NetloopError('NL_WORKER', `a trial's report is not JSON: ${(cause as Error).message}`, { cause }));
            }
          }),
        );
      });
    },
    async close() {
      for (const child of children) child.kill('SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
