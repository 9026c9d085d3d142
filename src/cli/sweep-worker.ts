import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { TrialQueue } from '../engines/bullmq.js';
import { createPoolEngine } from '../engines/pool.js';
import { isNetloopError, NetloopError, number } from '../errors.js';
import { trialId } from '../sweep.js';
import { interruptSignal } from './interrupt.js';

/** How this netloop is called again, for trials in processes of their own. */
export const ownCommand: readonly [string, string] = [process.execPath, fileURLToPath(new URL('./netloop.js', import.meta.url))];

export interface QueueOptions {
  readonly redis?: string;
  readonly queue: string;
}

export const redisDefault = 'where the queue is (default: NETLOOP_REDIS, else redis://127.0.0.1:6379)';

/** @throws NL_OPTION */
export function queueOf({ redis = process.env.NETLOOP_REDIS ?? 'redis://127.0.0.1:6379', queue }: QueueOptions): TrialQueue {
  if (!/^rediss?:\/\/./.test(redis) || !URL.canParse(redis)) {
    throw new NetloopError('NL_OPTION', `invalid --redis: expected redis://HOST:PORT, got ${redis}`);
  }
  if (!/^[\w.-]{1,80}$/.test(queue)) throw new NetloopError('NL_OPTION', `invalid --queue: expected letters, digits, . _ -, got ${queue}`);
  return { url: redis, queue };
}

interface Options extends QueueOptions {
  readonly workers: string;
  readonly json?: boolean;
}

async function work(options: Options): Promise<void> {
  const place = queueOf(options);
  const engine = createPoolEngine({ command: ownCommand, workers: number('workers', Number(options.workers), { min: 1, integer: true }) });
  const say = (event: string, more: Record<string, unknown>, text: string): void =>
    void process.stdout.write(options.json ? `${JSON.stringify({ event, ...more })}\n` : `${text}\n`);
  const stop = interruptSignal();
  const { openTrialWorker } = await import('../engines/bullmq.js'); // which no other command waits for
  try {
    const worker = await openTrialWorker(engine, {
      ...place,
      onTrial: (spec, error) => {
        const trial = trialId(spec);
        const failure = error === null ? null : isNetloopError(error) ? `${error.code} ${error.message}` : String(error);
        say(
          'trial',
          { name: spec.name, trial, failure },
          `${failure === null ? 'done' : 'failed'}: ${spec.name} ${trial.slice(0, 12)} ${failure ?? ''}`,
        );
      },
    });
    say('ready', { queue: place.queue, workers: engine.slots }, `ready: ${engine.slots} trials at once from ${place.queue}`);
    // The connection to Redis keeps the process alive until it is told to end.
    if (!stop.aborted) await once(stop, 'abort');
    await worker.close();
  } finally {
    await engine.close();
  }
}

export function addSweepWorker(program: Command): void {
  program
    .command('sweep-worker')
    .description('run trials of netloop sweep --engine bullmq, each in a process of its own, until it is ended')
    .option('--redis <url>', redisDefault)
    .option('--queue <name>', 'the queue to listen to', 'netloop-trials')
    .option('--workers <n>', 'trials at once', '1')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExamples:\n  netloop sweep-worker --workers 2\n  netloop sweep-worker --redis redis://10.0.0.5:6379 --queue night --json',
    )
    .action((options: Options) => work(options));
}
