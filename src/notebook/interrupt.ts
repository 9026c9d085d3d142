import { NetloopError } from '../errors.js';
import { inNotebook } from './display.js';

/** A signal for one long call, and the way to say that it has ended. */
export interface Stoppable {
  readonly signal: AbortSignal;
  release(): void;
}

const running = new Set<AbortController>();

function interrupted(): void {
  for (const controller of running) controller.abort(new NetloopError('NL_CANCELLED', 'interrupted: run the cell again to start anew'));
}

/**
 * A signal that aborts when the caller's does, or when the notebook is interrupted (the stop button): the kernel gives the cell up, but
 * only what listens stops working.
 * @example
 * const { signal, release } = cellSignal();
 * try { await model.train(rows, { ...options, signal }); } finally { release(); }
 */
export function cellSignal(outer?: AbortSignal): Stoppable {
  const controller = new AbortController();
  const pass = (): void => controller.abort(outer?.reason);
  if (outer?.aborted) pass();
  outer?.addEventListener('abort', pass, { once: true });
  running.add(controller);
  return {
    signal: controller.signal,
    release() {
      running.delete(controller);
      outer?.removeEventListener('abort', pass);
    },
  };
}

/**
 * Listens to the kernel's interrupt, once. Node sets all listeners aside while a cell's own code runs; one that is added then would leave
 * the process without any when the next interrupt comes, and so without a kernel. Hence: later, and only beside the kernel's own.
 */
export function listenForInterrupts(): void {
  if (!inNotebook()) return;
  setImmediate(() => {
    if (process.listenerCount('SIGINT') > 0) process.on('SIGINT', interrupted);
  }).unref();
}
