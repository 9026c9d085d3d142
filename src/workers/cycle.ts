import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type CycleJob, type CyclePorts, type CycleResult, runCycle } from '../cycle.js';
import { blankRecord } from '../cycle-record.js';
import { isNetloopError, NetloopError } from '../errors.js';
import type { ModelVersion } from '../registry.js';
import { compiled } from './compiled.js';
import type { CycleCall, CycleNews, CycleOrder, CycleStart } from './messages.js';

/** Flows or samples a message: copying them takes a few milliseconds. */
const PIECE = 250;

/** What the thread asks of this side: registry, journal, ledger and training stay here. */
async function answer({ registry, train, first, onState, onLabels, onEpoch, signal }: CyclePorts, call: CycleCall): Promise<unknown> {
  if (call.what === 'put') return registry.put(...call.args);
  if (call.what === 'promote') return registry.promote(...call.args);
  if (call.what === 'state') return onState?.(...call.args);
  if (call.what === 'first') return (await first?.(...call.args)) ?? null;
  if (call.what === 'labels') return void (await onLabels?.(...call.args));
  const [model, batch, options] = call.args;
  return train(model, batch, { ...options, signal, onEpoch });
}

/**
 * `runCycle` in a thread of its own: labelling, encoding and judging there, with the same bits; what is durable, and training, is asked
 * for here, call by call. The window is handed over in pieces, so that detection has its turn between them. A thread that dies fails its
 * cycle; a port that breaks rejects, as it does without a thread.
 */
export async function runCycleInWorker(job: CycleJob, champion: ModelVersion | null, ports: CyclePorts): Promise<CycleResult> {
  const { keys, run = null } = ports;
  if (keys && keys.secret === undefined) return runCycle(job, champion, ports); // such keys cannot go along
  const { steps, extra = [], ...rest } = job;
  const start: CycleStart = {
    job: rest,
    champion,
    key: keys?.secret ?? null,
    labels: ports.onLabels !== undefined,
    run,
    first: ports.first !== undefined,
  };
  const worker = new Worker(compiled('cycle-thread'), {
    workerData: start,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 2048 },
  });
  const say = (order: CycleOrder): void => worker.postMessage(order);
  let over = false;

  const done = new Promise<CycleResult>((resolve, reject) => {
    const end = (settle: () => void): void => {
      over = true;
      settle();
    };
    const reply = (call: CycleCall): void =>
      void answer(ports, call).then(
        (value) => say({ kind: 'answer', id: call.id, value }),
        (error: unknown) => {
          if (!isNetloopError(error) || error.code === 'NL_STORE_WRITE') return end(() => reject(error)); // a broken port
          const { code, message, where } = error;
          say({ kind: 'refusal', id: call.id, code, message, where });
        },
      );
    const died = (why: string, cause?: unknown): void =>
      end(() => reject(new NetloopError('NL_WORKER', `the cycle's thread died: ${why}; the champion is as it was`, { cause })));
    worker.on('message', (news: CycleNews) => {
      if (news.kind === 'call') reply(news);
      else if (news.kind === 'done') end(() => resolve(news.result));
      else end(() => reject(new NetloopError(news.code, news.message, { where: news.where })));
    });
    worker.once('error', (error: unknown) => died(error instanceof Error ? error.message : String(error), error));
    worker.once('exit', (code) => died(`it ended with code ${code}`));
  });
  done.catch(() => {}); // looked at below, when everything has been handed over

  try {
    for (let at = 0; at < Math.max(steps.length, extra.length) && !over; at += PIECE) {
      if (at < steps.length) say({ kind: 'steps', steps: steps.slice(at, at + PIECE) });
      if (at < extra.length) say({ kind: 'extra', extra: extra.slice(at, at + PIECE) });
      await turn();
    }
    say({ kind: 'go' });
    return await done;
  } catch (error) {
    if (!isNetloopError(error) || error.code !== 'NL_WORKER') throw error;
    const reason = `${error.code} ${error.message}`;
    await ports.onState?.('failed', { reason, version: null });
    const record = { ...blankRecord(job, champion?.version ?? null), state: 'failed' as const, reason };
    return { record, version: null, trusted: null, scores: null, reference: null };
  } finally {
    await worker.terminate();
  }
}
