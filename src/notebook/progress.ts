import { NetloopError } from '../errors.js';
import { createLiveOutput, inNotebook } from './display.js';
import { bytes, clock, grouped } from './format.js';
import { escapeText } from './svg.js';

export interface ProgressOptions {
  /** How much there is in all; null or absent where nobody knows yet. */
  readonly total?: number | null;
  /** What is counted: 'B' is shown as kB and MB, anything else as it is. */
  readonly unit?: string;
  /** Milliseconds between two drawings (default 200). */
  readonly every?: number;
  /** Milliseconds; another clock for tests. */
  readonly now?: () => number;
}

export interface Progress {
  /** Where the work stands. Cheap: draws at most every 200 ms. Fits `onProgress` of every source. */
  update(done: number, total?: number | null, note?: string): void;
  /** The last drawing; says how long it took. */
  done(note?: string): void;
  /** The last drawing; says that it failed. */
  failed(why: string): void;
}

export interface ProgressState {
  readonly label: string;
  readonly done: number;
  readonly total: number | null;
  readonly unit: string;
  /** Seconds. */
  readonly elapsed: number;
  readonly note: string;
  readonly state: 'running' | 'done' | 'failed';
}

const amount = (n: number, unit: string): string =>
  unit === 'B' ? bytes(n) : `${n < 10 ? Number(n.toFixed(1)) : grouped(Math.round(n))}${unit ? ` ${unit}` : ''}`;

/** What a bar says: share, amount, elapsed, remaining, rate. */
export function progressText({ label, done, total, unit, elapsed, note, state }: ProgressState): string {
  const share = total && total > 0 ? Math.min(1, done / total) : null;
  const rate = elapsed > 0.05 && done > 0 ? `${amount(done / elapsed, unit)}/s` : '';
  const remaining = state === 'running' && share !== null && share > 0.01 ? `remaining ${clock((elapsed / share) * (1 - share))}` : '';
  const parts = [
    state === 'done' ? 'done' : state === 'failed' ? 'failed' : share === null ? '' : `${Math.floor(100 * share)} %`,
    done > 0 ? amount(done, unit) : '',
    `elapsed ${clock(elapsed)}`,
    remaining,
    rate,
    note,
  ].filter(Boolean);
  return `${label}: ${parts.join(' · ')}`;
}

const colours = { running: '#4269d0', done: '#3ca951', failed: '#b42318' } as const;

/** A bar as HTML. Without a total it is a line of text only, until it is done. */
export function progressHtml(state: ProgressState): string {
  const share = state.state === 'done' ? 1 : state.total && state.total > 0 ? Math.min(1, state.done / state.total) : 0;
  const width = `width:${(100 * share).toFixed(1)}%`;
  return (
    '<div style="max-width:640px"><div style="height:8px;border-radius:4px;background:#e8eaf0;overflow:hidden">' +
    `<div style="height:8px;${width};background:${colours[state.state]}"></div></div>` +
    `<div style="font-size:smaller;color:#475467">${escapeText(progressText(state))}</div></div>`
  );
}

/**
 * A bar that updates its own cell. Outside a notebook it is silent.
 * @example
 * const bar = progress('reading day 1', { unit: 'B' });
 * for await (const batch of source.read({ onProgress: bar.update })) …
 * bar.done();
 */
export function progress(label: string, { total = null, unit = '', every = 200, now = Date.now }: ProgressOptions = {}): Progress {
  if (label === '') throw new NetloopError('NL_OPTION', 'invalid label: expected what is being done, got nothing');
  const output = createLiveOutput();
  const started = now();
  let drawn = Number.NEGATIVE_INFINITY;
  let last: ProgressState = { label, done: 0, total, unit, elapsed: 0, note: '', state: 'running' };
  const draw = (change: Partial<ProgressState>, force: boolean): void => {
    const at = now();
    last = { ...last, ...change, elapsed: (at - started) / 1000 };
    if (!inNotebook() || (!force && at - drawn < every)) return;
    drawn = at;
    output.show({ 'text/html': progressHtml(last), 'text/plain': progressText(last) });
  };
  draw({}, true);
  return {
    update: (done, of = last.total, note = last.note) => draw({ done, total: of, note }, false),
    done: (note = '') => draw({ note, state: 'done' }, true),
    failed: (why) => draw({ note: why, state: 'failed' }, true),
  };
}
