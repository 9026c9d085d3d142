import { NetloopError } from '../errors.js';
import type { Network } from './network.js';

// Threads on one network. The leader posts a phase of n tasks by writing one word, (generation, tasks left); whoever lowers it by one has
// the task of that number. A helper that is late, or gone between two phases, costs nothing: the leader does what nobody takes.
const STATE = 0;
const DONE = 1;
const PHASE = 2;
/** Tasks that helpers have done, for whoever wants to know. */
export const HELPED = 3;
const STOP = -1;
const LEFT = 0xff;
/** Looks before a thread goes to sleep, some tens of microseconds: about what lies between two phases. */
const LOOKS = 20_000;
/** How long a task that was taken may take. Waits begin again with each task that ends. */
const PATIENCE_MS = 120_000;

export type Task = (index: number) => void;

/** Does the tasks 0..n-1 of a phase, with whoever helps, and returns when all are done. Numbers must have been written before. */
export function lead({ control }: Pick<Network, 'control'>, phase: number, n: number, task: Task): void {
  const generation = ((Atomics.load(control, STATE) >>> 8) + 1) & 0x3fffff;
  Atomics.store(control, DONE, 0);
  Atomics.store(control, PHASE, phase);
  Atomics.store(control, STATE, (generation << 8) | n);
  Atomics.notify(control, STATE);
  for (let state = Atomics.load(control, STATE); (state & LEFT) > 0; state = Atomics.load(control, STATE)) {
    if (Atomics.compareExchange(control, STATE, state, state - 1) !== state) continue;
    task((state & LEFT) - 1);
    Atomics.add(control, DONE, 1);
  }
  for (let done = Atomics.load(control, DONE), looks = 0; done < n; done = Atomics.load(control, DONE)) {
    if (++looks < LOOKS) continue;
    if (Atomics.wait(control, DONE, done, PATIENCE_MS) === 'timed-out' && Atomics.load(control, DONE) === done) {
      throw new NetloopError('NL_WORKER', 'a helping thread died in the middle of a shard; the model is as it was');
    }
  }
}

/** Helps the leader of the same memory, phase by phase, until it calls `dismiss`. Blocks the thread. */
export function follow({ control }: Pick<Network, 'control'>, tasks: readonly Task[]): void {
  for (let looks = 0; ; ) {
    const state = Atomics.load(control, STATE);
    if (state === STOP) return;
    const left = state & LEFT;
    if (left === 0) {
      if (++looks >= LOOKS) {
        Atomics.wait(control, STATE, state);
        looks = 0;
      }
    } else if (Atomics.compareExchange(control, STATE, state, state - 1) === state) {
      tasks[Atomics.load(control, PHASE)]!(left - 1);
      Atomics.add(control, HELPED, 1);
      Atomics.add(control, DONE, 1);
      Atomics.notify(control, DONE);
      looks = 0;
    }
  }
}

export function dismiss({ control }: Pick<Network, 'control'>): void {
  Atomics.store(control, STATE, STOP);
  Atomics.notify(control, STATE);
}
