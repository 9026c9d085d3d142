import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BATCH, batchesOf } from '../../../src/stores/mlflow/metrics.js';
import { storedLog } from '../../../src/tracking-limits.js';

const texts = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, String(i)]));

it('cuts an entry into batches within the limits, everything once and in order', () => {
  fc.assert(
    fc.property(fc.nat(2500), fc.nat(350), fc.nat(350), (m, p, t) => {
      const metrics = Array.from({ length: m }, (_, step) => ({ key: 'loss', value: step, step }));
      const entry = storedLog({ metrics, params: texts(p), tags: texts(t) }, 1);
      const batches = batchesOf(entry);
      for (const batch of batches) {
        expect(batch.metrics.length).toBeLessThanOrEqual(BATCH.metrics);
        expect(batch.params.length).toBeLessThanOrEqual(BATCH.params);
        expect(batch.tags.length).toBeLessThanOrEqual(BATCH.tags);
        expect(batch.metrics.length + batch.params.length + batch.tags.length).toBeLessThanOrEqual(BATCH.entries);
      }
      expect(batches.flatMap((batch) => batch.metrics.map(({ step }) => step))).toEqual(metrics.map(({ step }) => step));
      expect(batches.flatMap((batch) => batch.params.map(({ key }) => key))).toEqual(Object.keys(texts(p)));
      expect(batches.flatMap((batch) => batch.tags.map(({ key }) => key))).toEqual(Object.keys(texts(t)));
      // A refused param must stop everything: no metric travels before the last of them.
      const lastParams = batches.findLastIndex((batch) => batch.params.length > 0);
      for (const batch of batches.slice(0, Math.max(0, lastParams))) expect(batch.metrics).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

it('sends NaN as text', () => {
  const [batch] = batchesOf(storedLog({ metrics: [{ key: 'a', value: Number.NaN, step: 1 }] }, 5));
  expect(batch!.metrics).toEqual([{ key: 'a', value: 'NaN', timestamp: 5, step: 1 }]);
});
