// The inside of a cycle's thread: one window in, calls and one result out, then it ends.
import { parentPort, workerData } from 'node:worker_threads';
import { type CycleResult, runCycle } from '../cycle.js';
import type { Step } from '../detector.js';
import { isNetloopError, NetloopError } from '../errors.js';
import { keysOf } from '../feedback.js';
import type { CycleAsk, CycleNews, CycleOrder, CycleStart } from './messages.js';
import { stepBack } from './priority.js';

const port = parentPort!;
const tell = (news: CycleNews): void => port.postMessage(news);
const waiting = new Map<number, { readonly resolve: (value: never) => void; readonly reject: (error: unknown) => void }>();
let calls = 0;

function ask<T>(call: CycleAsk): Promise<T> {
  const id = ++calls;
  return new Promise<T>((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    tell({ ...call, kind: 'call', id });
  });
}

const never = async (): Promise<never> => {
  throw new Error('a cycle only puts and promotes');
};

function work({ job, champion, key, labels, run }: CycleStart, steps: readonly Step[]): Promise<CycleResult> {
  return runCycle({ ...job, steps }, champion, {
    registry: {
      put: (...args) => ask({ what: 'put', args }),
      promote: (...args) => ask({ what: 'promote', args }),
      current: never,
      rollback: never,
      list: never,
    },
    train: (model, batch, { signal: _, onEpoch: __, ...options }) => ask({ what: 'train', args: [model, batch, options] }),
    onState: (...args) => ask({ what: 'state', args }),
    onLabels: labels ? (...args) => ask({ what: 'labels', args }) : undefined,
    keys: key === null ? undefined : keysOf(key),
    run,
  });
}

function settle(order: Extract<CycleOrder, { id: number }>): void {
  const entry = waiting.get(order.id);
  waiting.delete(order.id);
  if (order.kind === 'answer') entry?.resolve(order.value as never);
  else entry?.reject(new NetloopError(order.code, order.message, { where: order.where }));
}

const steps: Step[] = [];
stepBack();
port.on('message', (order: CycleOrder) => {
  if (order.kind === 'steps') steps.push(...order.steps);
  else if (order.kind !== 'go') settle(order);
  else {
    void work(workerData as CycleStart, steps).then(
      (result) => tell({ kind: 'done', result }),
      (error: unknown) => {
        if (!isNetloopError(error)) throw error; // ends the thread; whoever waits gets NL_WORKER
        tell({ kind: 'failed', code: error.code, message: error.message, where: error.where });
      },
    );
  }
});
