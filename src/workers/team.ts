import { Worker } from 'node:worker_threads';
import { number } from '../errors.js';
import type { Team } from '../model.js';
import { compiled } from './compiled.js';

/** A team of threads of this process. */
export interface ThreadTeam extends Team {
  /** Ends its threads. */
  close(): Promise<void>;
}

/**
 * Starts `threads` - 1 helpers, who wait without using the processor until a training invites them. The bits are those of one thread.
 * Worth it from some 10 microseconds of work a shard on and with cores to spare: a helper that another program displaces is waited for.
 * @param low whether they run at low priority, as background training does
 * @example const team = createTeam(2); await model.train(batch, { ...options, team }); await team.close();
 * @throws NL_OPTION
 */
export function createTeam(threads = 1, { low = false }: { readonly low?: boolean } = {}): ThreadTeam {
  number('threads', threads, { min: 1, max: 64, integer: true });
  const workers = Array.from({ length: threads - 1 }, (_, i) => {
    const worker = new Worker(compiled('team-thread'), { workerData: { lane: i + 1, low }, execArgv: [] });
    worker.unref();
    worker.on('error', () => {}); // a training does without a helper that is gone
    return worker;
  });
  return {
    helpers: workers.length,
    invite: (invitation) => {
      for (const worker of workers) worker.postMessage(invitation);
    },
    close: async () => void (await Promise.all(workers.map((worker) => worker.terminate()))),
  };
}
