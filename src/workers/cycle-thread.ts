// The inside of a cycle's thread: one window in, calls and one result out, then it ends.
import { parentPort, workerData } from 'node:worker_threads';
import { type CycleResult, runCycle } from '../cycle.js';
import type { Step } from '../detector.js';
import { isNetloopError, NetloopError } from '../errors.js';
import { keysOf } from '../feedback.js';
import type { LabelledBatch } from '../model.js';
import type { Sample } from '../samples.js';
import type { CycleAsk, CycleNews, CycleOrder, CycleStart } from './messages.js';
import '../stores/tfjs/engine.js'; // a champion, or the model that a lineage begins with, may be a researcher's own
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

const steps: Step[] = [];
const extra: Sample[] = [];

const never = async (): Promise<never> => {
  throw new Error('a cycle only puts and promotes');
};

function work({ job, champion, key, labels, run, first }: CycleStart): Promise<CycleResult> {
  return runCycle({ ...job, steps, extra }, champion, {
    registry: {
      put: (...args) => ask({ what: 'put', args }),
      promote: (...args) => ask({ what: 'promote', args }),
      current: never,
      rollback: never,
      list: never,
    },
    train: (model, batch, { signal: _, onEpoch: __, ...options }) => {
      const { validation, ...rest } = options;
      return ask({ what: 'train', args: [model, shared(batch), { ...rest, ...(validation && { validation: shared(validation) }) }] });
    },
    first: first ? (...args) => ask({ what: 'first', args }) : undefined,
    onState: (...args) => ask({ what: 'state', args }),
    onLabels: labels ? (...args) => ask({ what: 'labels', args }) : undefined,
    keys: key === null ? undefined : keysOf(key),
    run,
  });
}

/** Rows that pass two more threads are copied once, here. */
function shared({ x, y, weight, ...shape }: LabelledBatch): LabelledBatch {
  const over = (a: Float32Array): Float32Array => {
    const copy = new Float32Array(new SharedArrayBuffer(a.byteLength));
    copy.set(a);
    return copy;
  };
  return { ...shape, x: over(x), y: over(y), ...(weight && { weight: over(weight) }) };
}

function settle(order: Extract<CycleOrder, { id: number }>): void {
  const entry = waiting.get(order.id);
  waiting.delete(order.id);
  if (order.kind === 'answer') entry?.resolve(order.value as never);
  else entry?.reject(new NetloopError(order.code, order.message, { where: order.where }));
}

stepBack();
port.on('message', (order: CycleOrder) => {
  if (order.kind === 'steps') steps.push(...order.steps);
  else if (order.kind === 'extra') extra.push(...order.extra);
  else if (order.kind !== 'go') settle(order);
  else {
    void work(workerData as CycleStart).then(
      (result) => tell({ kind: 'done', result }),
      (error: unknown) => {
        if (!isNetloopError(error)) throw error; // ends the thread; whoever waits gets NL_WORKER
        tell({ kind: 'failed', code: error.code, message: error.message, where: error.where });
      },
    );
  }
});
