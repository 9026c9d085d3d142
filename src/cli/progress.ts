import type { WalkProgress } from '../walk.js';

const clock = (seconds: number): string => {
  const s = Math.max(0, Math.round(seconds));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
};

/** One line that is written over: stage, share, elapsed, remaining, flows, and each learner's window. Quiet where nobody watches. */
export function createProgressLine(out: NodeJS.WriteStream = process.stderr, now: () => number = Date.now) {
  const started = now();
  let shown = 0;
  const watched = out.isTTY === true;
  return {
    show(p: WalkProgress): void {
      const at = now();
      if (at - shown < (watched ? 100 : 5000)) return;
      shown = at;
      const elapsed = (at - started) / 1000;
      const share = p.total ? p.done / p.total : null;
      const remaining = share && share > 0.02 ? ` remaining ${clock((elapsed / share) * (1 - share))}` : '';
      const windows = p.learners.map(
        (l) =>
          `${l.name} ${l.cycle}: ${l.flows} flows, ${clock(l.elapsed)}${l.remaining === null ? '' : ` of ${clock(l.elapsed + l.remaining)}`}`,
      );
      const text = `${p.stage} ${share === null ? '' : `${(100 * share).toFixed(0)} %`} elapsed ${clock(elapsed)}${remaining} | ${p.flows} flows, ${p.alerts} alerts | ${windows.join(' | ')}`;
      out.write(watched ? `\r\x1b[K${text.slice(0, (out.columns ?? 120) - 1)}` : `${text}\n`);
    },
    /** Leaves the line free for other output. */
    clear(): void {
      if (watched) out.write('\r\x1b[K');
    },
  };
}
