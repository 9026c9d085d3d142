import type { StoredLog, StoredMetric } from '../../tracking-limits.js';
import type { Call } from './call.js';
import type { Tag } from './datasets.js';

/** What one `POST /runs/log-batch` may hold: of each kind, and of all together. */
export const BATCH = { metrics: 1000, params: 100, tags: 100, entries: 1000 } as const;

interface ServerMetric {
  readonly key: string;
  /** NaN travels as text: JSON has none. */
  readonly value: number | 'NaN';
  readonly timestamp: number;
  readonly step: number;
}

/** Keys first and no value of a wrong kind: the server would drop what follows one and still answer 200. */
interface Batch {
  readonly params: readonly Tag[];
  readonly metrics: readonly ServerMetric[];
  readonly tags: readonly Tag[];
}

const pair = ([key, value]: readonly [string, string]): Tag => ({ key, value });
const metric = ({ isNaN: none, key, value, timestamp, step }: StoredMetric): ServerMetric => ({
  key,
  value: none ? 'NaN' : value,
  timestamp,
  step,
});

/** An entry in as few calls as the limits allow; params come first, because the server may refuse them. */
export function batchesOf({ params, metrics, tags }: StoredLog): Batch[] {
  const batches: Batch[] = [];
  for (let p = 0, t = 0, m = 0; p < params.length || t < tags.length || m < metrics.length; ) {
    const some = params.slice(p, p + BATCH.params);
    const more = p + some.length < params.length ? [] : tags.slice(t, t + BATCH.tags);
    const room = p + some.length < params.length ? 0 : Math.min(BATCH.metrics, BATCH.entries - some.length - more.length);
    const rest = metrics.slice(m, m + room);
    batches.push({ params: some.map(pair), metrics: rest.map(metric), tags: more.map(pair) });
    p += some.length;
    t += more.length;
    m += rest.length;
  }
  return batches;
}

/** Logs an entry; the same again changes nothing. */
export async function logBatches(call: Call, run_id: string, entry: StoredLog): Promise<void> {
  for (const batch of batchesOf(entry)) await call('POST', '/runs/log-batch', { body: { run_id, ...batch } });
}

/** Every value of one metric, by step, time and value. */
export async function metricHistory(call: Call, run_id: string, metric_key: string): Promise<readonly ServerMetric[]> {
  const found: ServerMetric[] = [];
  for (let page_token: string | undefined; ; ) {
    const query = { run_id, metric_key, max_results: 25_000, page_token };
    const page = await call<{ metrics?: ServerMetric[]; next_page_token?: string }>('GET', '/metrics/get-history', { query });
    found.push(...(page.metrics ?? []));
    page_token = page.next_page_token || undefined;
    if (page_token === undefined) break;
  }
  return found.sort((a, b) => a.step - b.step || a.timestamp - b.timestamp || Number(a.value) - Number(b.value));
}
