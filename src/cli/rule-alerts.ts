import type { TrafficEvent } from '../flow.js';
import { createRules } from '../rules/all.js';
import { openOutput } from '../stores/output-file.js';
import { alertLine } from './alert-line.js';

/** Octets of alerts that are written together. */
const GATHERED = 1 << 16;

/** The rules, watching what else is done with traffic; their alerts go to a file. */
export interface RuleAlerts {
  watch(event: TrafficEvent): void;
  /** Writes what has gathered, if it is at least so many octets. */
  flush(least?: number): Promise<void>;
  /** Ends the file; answers how many alerts are in it. */
  close(whole: boolean): Promise<number>;
}

/** @throws NL_STORE_WRITE here, from `flush` and from `close` */
export async function openRuleAlerts(out: string): Promise<RuleAlerts> {
  const rules = createRules();
  const file = await openOutput(out);
  let lines = '';
  let alerts = 0;
  const flush = async (least = GATHERED): Promise<void> => {
    if (lines.length < Math.max(1, least)) return;
    const ready = lines;
    lines = '';
    await file.put(ready);
  };
  return {
    watch(event) {
      for (const alert of rules.observe(event)) {
        lines += `${alertLine(alert)}\n`;
        alerts++;
      }
    },
    flush,
    async close(whole) {
      await flush(0);
      await file.end({ whole, keep: true });
      return alerts;
    },
  };
}
