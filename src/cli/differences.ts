import type { AlertDifferences } from '../difference.js';
import { renderTable } from './table.js';

/** Alerts that a terminal shows of one kind; --json has them all. */
const SHOWN = 20;

const shown = (score: number | null): string => (score === null ? '–' : score.toFixed(4));

/** Addresses of a log are what somebody wrote there: nothing of it may steer a terminal. */
const plain = (text: string): string => text.replace(/[^ -~]/g, '?');

/** What two versions said of the same traffic: counts, then the alerts that only one of them raised. */
export function renderDifferences(found: AlertDifferences & { readonly a: string; readonly b: string; readonly flows: number }): string {
  const { a, b, flows, answers, shared, both, onlyA, onlyB, meanShift, maxShift, attacks, benign, alerts } = found;
  const counts = renderTable(
    ['', a, b],
    [
      ['alerts', both + onlyA, both + onlyB],
      ['raised by it alone', onlyA, onlyB],
      [`on ${attacks.of} attacks`, attacks.a, attacks.b],
      [`on ${benign.of} benign`, benign.a, benign.b],
    ].map((row) => row.map(String)),
  );
  const shift = meanShift === null ? '' : `; scores differ by ${shown(meanShift)} on average, ${shown(maxShift)} at most`;
  const lines = [`${flows} flows, ${answers} answers, ${shared} by both${shift}`, counts];
  for (const [by, who] of [
    ['a', a],
    ['b', b],
  ] as const) {
    const own = alerts.filter((alert) => alert.by === by);
    if (own.length === 0) continue;
    const rows = own
      .slice(0, SHOWN)
      .map(({ ts, orig_h, orig_p, resp_h, resp_p, a: x, b: y, truth }) => [
        (ts / 1e6).toFixed(3),
        `${plain(orig_h)}:${orig_p}`,
        `${plain(resp_h)}:${resp_p}`,
        shown(x),
        shown(y),
        truth === undefined ? '–' : truth === 1 ? 'attack' : 'benign',
      ]);
    lines.push(renderTable([`only ${who}`, 'from', 'to', a, b, 'truth'], rows));
    if (own.length > SHOWN) lines.push(`… and ${own.length - SHOWN} more: --json shows all`);
  }
  return `${lines.join('\n\n')}\n`;
}
