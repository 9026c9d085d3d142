import { describe, expect, test } from 'vitest';
import type { StoredAlert } from '../src/alert.js';
import { createDetector, type DetectorOptions } from '../src/detector.js';
import { encoderFile, fitEncoder } from '../src/encoder.js';
import { createFeaturizer } from '../src/featurize.js';
import { createModel } from '../src/networks/load.js';
import type { ModelName, ModelVersion } from '../src/registry.js';
import { createRules } from '../src/rules/all.js';
import { sequenceDefaults } from '../src/sequence.js';
import { createShadow, type ShadowOptions, shadowText } from '../src/shadow.js';
import { makeFlows, makeSteps } from './traffic/flows.js';

const flows = makeFlows({ flows: 500 });
const rows = makeSteps({ flows: 300 }).map(({ row }) => row);

function versionOf(name: ModelName, version: number, length = sequenceDefaults.length): ModelVersion {
  const encoder = fitEncoder(rows.map((row) => ({ ...row, count: row.count + version })));
  const features = encoder.width;
  const model =
    name === 'flow'
      ? createModel({ kind: 'mlp', steps: 1, features, units: [], dense: [8] }, { seed: version })
      : createModel({ kind: 'lstm', steps: length, features, units: [6], dense: [4] }, { seed: version });
  const sequence = name === 'behaviour' ? { ...sequenceDefaults, length, by: 'user_id' as const } : null;
  const rest = { parent: null, metrics: {}, dataHash: '', goldenHash: null, run: null, note: '' };
  return { name, version, model: model.save(), encoder: encoderFile(encoder), sequence, ...rest };
}

/** A live detector over the flows; `between` is called between two of them. */
function watch(live: readonly ModelVersion[], options: Partial<DetectorOptions>, between: (i: number) => void = () => {}): StoredAlert[] {
  const detector = createDetector({ rules: createRules(), featurize: createFeaturizer(), ...options });
  for (const version of live) detector.swap(version);
  const alerts = flows.flatMap((flow, i) => {
    const found = detector.observe({ kind: 'closed', ts: flow.ts + flow.duration, flow });
    between(i);
    return found;
  });
  detector.dispose();
  return alerts;
}

const middleOf = (version: ModelVersion): number => {
  const scores: number[] = [];
  watch([version], { onScore: ({ score }) => void scores.push(score) });
  return scores.sort((a, b) => a - b)[scores.length >> 1]!;
};

function shadowed(live: readonly ModelVersion[], options: ShadowOptions, work: 'as it goes' | 'at last' | 'never' = 'as it goes') {
  const shadow = createShadow(options);
  const between = (i: number): void => void (work === 'as it goes' && i % 7 === 0 && shadow.work(20));
  const alerts = watch(live, { alertAbove: options.alertAbove, onScore: shadow.scored, onStep: shadow.step }, between);
  while (work !== 'never' && shadow.work()) {}
  const report = shadow.report();
  shadow.dispose();
  return { alerts, report };
}
const ofModel = (alerts: readonly StoredAlert[], source: string) =>
  alerts.filter((alert) => alert.source === source).map(({ ts, orig_h, orig_p }) => `${ts} ${orig_h} ${orig_p}`);

describe('a challenger in the shadow', () => {
  test.each([
    ['flow', 'ANN', 'as it goes'],
    ['flow', 'ANN', 'at last'],
    ['behaviour', 'LSTM', 'as it goes'],
  ] as const)('%s (%s, answering %s): counts and lists what a detector with each would have raised', (name, source, work) => {
    const [champion, challenger] = [versionOf(name, 1), versionOf(name, 2, 7)]; // its sequences are shorter
    const alertAbove = middleOf(champion);
    const { alerts, report } = shadowed([champion], { challenger, champion: 1, alertAbove, most: 10_000 }, work);
    const one = ofModel(alerts, source);
    const other = ofModel(watch([challenger], { alertAbove }), source);
    const [a, b] = [new Set(one), new Set(other)];
    expect(a.size).toBe(one.length);
    expect(report).toMatchObject({
      name,
      source,
      champion: 1,
      challenger: 2,
      waiting: 0,
      lost: 0,
      both: one.filter((key) => b.has(key)).length,
      onlyA: one.filter((key) => !b.has(key)).length,
      onlyB: other.filter((key) => !a.has(key)).length,
      unlisted: 0,
    });
    expect(Math.min(report.both, report.onlyA, report.onlyB)).toBeGreaterThan(0);
    expect(report.alerts.map(({ by, ts, orig_h, orig_p }) => `${by} ${ts} ${orig_h} ${orig_p}`).sort()).toEqual(
      [...one.filter((key) => !b.has(key)).map((key) => `a ${key}`), ...other.filter((key) => !a.has(key)).map((key) => `b ${key}`)].sort(),
    );
  });

  test("changes no alert of the live detector, and answers nothing before it is told to: the champion's flows do not wait for it", () => {
    const live = [versionOf('flow', 1), versionOf('behaviour', 1)];
    const alertAbove = middleOf(live[0]!);
    const alone = watch(live, { alertAbove });
    for (const name of ['flow', 'behaviour'] as const) {
      const beside = shadowed(live, { challenger: versionOf(name, 2), champion: 1, alertAbove });
      expect(beside.alerts).toEqual(alone);
      const silent = shadowed(live, { challenger: versionOf(name, 2), champion: 1, alertAbove }, 'never');
      expect(silent.report).toMatchObject({ answers: 0, waiting: flows.length, lost: 0 });
    }
  });

  test('holds so many flows and alerts and no more, and says what it lost', () => {
    const [champion, challenger] = [versionOf('flow', 1), versionOf('flow', 2)];
    const options = { challenger, alertAbove: middleOf(champion), most: 5, waiting: 80 };
    const late = shadowed([champion], options, 'at last').report;
    expect(late.answers + late.lost).toBe(flows.length);
    expect(late.answers).toBeGreaterThan(60);
    expect(late.answers).toBeLessThanOrEqual(80);
    expect(late.alerts).toHaveLength(5);
    expect(late.unlisted).toBe(late.onlyA + late.onlyB - 5);
  });

  test('forgets whom it saw, and keeps its counts', () => {
    const [champion, challenger] = [versionOf('flow', 1), versionOf('flow', 2)];
    const shadow = createShadow({ challenger, champion: 1, alertAbove: middleOf(champion) });
    watch([champion], { onScore: shadow.scored, onStep: shadow.step }, (i) => void (i < 400 && shadow.work()));
    const before = shadow.report();
    expect([before.waiting > 0, before.alerts.length]).toEqual([true, 20]);
    shadow.forget();
    while (shadow.work()) {}
    const { onlyA, onlyB, answers } = before;
    expect(shadow.report()).toMatchObject({ alerts: [], unlisted: onlyA + onlyB, onlyA, onlyB, answers, waiting: 0, lost: before.waiting });
    shadow.dispose();
  });

  test('another champion begins a new count; without one all alerts are its own', () => {
    const challenger = versionOf('flow', 3);
    const shadow = createShadow({ challenger, alertAbove: 0 });
    const detector = createDetector({
      rules: createRules(),
      featurize: createFeaturizer(),
      onScore: shadow.scored,
      onStep: shadow.step,
    });
    const pass = (from: number, to: number): void => {
      for (const flow of flows.slice(from, to)) detector.observe({ kind: 'closed', ts: flow.ts + flow.duration, flow });
      while (shadow.work()) {}
    };
    pass(0, 100);
    expect(shadow.report()).toMatchObject({ champion: null, answers: 100, onlyB: 100, both: 0 });
    expect(shadowText(shadow.report())).toBe(
      'in the shadow of no live version on 100 answers: 0 alerts of both, 0 of no live version alone, 100 of flow@3 alone',
    );
    detector.swap(versionOf('flow', 1));
    pass(100, 150);
    expect(shadow.report()).toMatchObject({ champion: 1, answers: 50, both: 50 });
    for (const flow of flows.slice(150, 160)) detector.observe({ kind: 'closed', ts: flow.ts + flow.duration, flow });
    detector.swap(versionOf('flow', 2)); // while ten flows of its predecessor still wait
    pass(160, 180);
    expect(shadow.report()).toMatchObject({ champion: 2, answers: 20, both: 20, lost: 0, waiting: 0 });
    expect(shadowText(shadow.report())).toBe(
      'in the shadow of flow@2 on 20 answers: 20 alerts of both, 0 of flow@2 alone, 0 of flow@3 alone',
    );
    detector.dispose();
    shadow.dispose();
  });
});
