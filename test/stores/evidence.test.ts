import { expect, onTestFinished, test } from 'vitest';
import type { ModelVersion } from '../../src/registry.js';
import type { ShadowReport } from '../../src/shadow.js';
import { evidenceOf, evidenceText, keepShadow } from '../../src/stores/evidence.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { testFolder } from './folder.js';

test('what was seen of a version in the shadow stands beside what the gate said of it', async () => {
  const tracking = createEmbeddedTracking(testFolder());
  onTestFinished(() => tracking.close());
  const run = await tracking.start({ experiment: 'lab', name: 'flow cycle 2' });
  const version = { name: 'flow', version: 2, run, model: { sha256: 'w' } } as ModelVersion;
  const cycle = { hashes: { weights: 'w' }, verdict: { deploy: true, reason: 'all checks passed', checks: [] } };
  await tracking.artifact(run, 'cycle.json', JSON.stringify(cycle));
  expect(evidenceText(await evidenceOf(tracking, version))).toBe('passed: all checks passed');

  const counts = { name: 'flow', source: 'ANN', champion: 1, challenger: 2, answers: 90, both: 3, onlyA: 2, onlyB: 1, lost: 4 };
  const alerts = [{ orig_h: '192.0.2.7' }];
  await keepShadow(tracking, version, { ...counts, alerts, unlisted: 0 } as unknown as ShadowReport);
  const evidence = await evidenceOf(tracking, version);
  expect(evidence).toMatchObject({ run, verdict: { deploy: true }, shadow: counts });
  expect(JSON.stringify(evidence)).not.toContain('192.0.2.7');
  expect(evidenceText(evidence)).toBe(
    'passed: all checks passed; in the shadow of flow@1 on 90 answers: 3 alerts of both, 2 of flow@1 alone, 1 of flow@2 alone, 4 flows not seen',
  );
  // What was seen of another version is nobody's evidence, and a version without a run keeps none.
  expect(await evidenceOf(tracking, { ...version, version: 3 })).not.toHaveProperty('shadow');
  await keepShadow(tracking, { ...version, run: null }, { ...counts, alerts: [] } as unknown as ShadowReport);
  await tracking.artifact(run, 'shadow.json', '{');
  expect(evidenceText(await evidenceOf(tracking, version))).toBe('passed: all checks passed');
});
