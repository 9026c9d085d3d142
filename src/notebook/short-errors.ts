import { NetloopError } from '../errors.js';
import { inNotebook } from './display.js';

/**
 * In a notebook an error of netloop is its code and what to do, without the stack of the kernel; `error.stack` and `error.cause` are
 * still there for whoever asks.
 */
export function shortErrors(): void {
  if (!inNotebook()) return;
  Object.defineProperty(NetloopError.prototype, Symbol.for('nodejs.util.inspect.custom'), {
    configurable: true,
    value(this: NetloopError) {
      return `${this.code} ${this.message}`;
    },
  });
}
