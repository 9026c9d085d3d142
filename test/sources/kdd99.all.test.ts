import { expect, it } from 'vitest';
import { createKddSource } from '../../src/sources/nsl-kdd.js';
import { data, describeOnData } from './read-all.js';

describeOnData('public KDD-99 rows', () => {
  it('KDD-99 10 %: 494,020 rows, 97,277 normal', async () => {
    let [rows, normal] = [0, 0];
    for await (const batch of createKddSource(data('kdd99-10pct/kddcup99.csv.xz')).read()) {
      if (batch.kind !== 'flows') continue;
      rows += batch.flows.length;
      for (const flow of batch.flows) if (flow.label === 0) normal++;
    }
    expect([rows, normal]).toEqual([494_020, 97_277]);
  }, 60_000);
});
