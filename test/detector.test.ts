import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { createDetector, type Scored, type SwapRecord } from '../src/detector.js';
import { encode, encoderFile, fitEncoder, loadEncoder } from '../src/encoder.js';
import type { FeatureRow } from '../src/feature.js';
import { createFeaturizer } from '../src/featurize.js';
import { createModel, loadModel } from '../src/networks/load.js';
import { createMemoryRegistry, type ModelName, type ModelVersion } from '../src/registry.js';
import { createRules } from '../src/rules/all.js';
import { sequenceDefaults } from '../src/sequence.js';
import { trainInWorker } from '../src/workers/train.js';
import { makeRows } from './networks/rows.js';
import { makeFlows, makeSteps } from './traffic/flows.js';

const SWAPS = 1000;
const FLOWS_A_SWAP = 3;
const names: readonly ModelName[] = ['flow', 'behaviour'];

/** Two versions of each learner that differ in weights and in encoder, the first of them live. */
async function registryOfTwo() {
  const registry = createMemoryRegistry();
  const rows = makeSteps({ flows: 300 }).map(({ row }) => row);
  for (const name of names) {
    for (const seed of [1, 2]) {
      const encoder = fitEncoder(rows.map((row) => ({ ...row, src_bytes: seed * row.src_bytes, count: row.count + seed })));
      const features = encoder.width;
      const model =
        name === 'flow'
          ? createModel({ kind: 'mlp', steps: 1, features, units: [], dense: [8] }, { seed })
          : createModel({ kind: 'lstm', steps: sequenceDefaults.length, features, units: [6], dense: [4] }, { seed });
      const sequence = name === 'behaviour' ? { ...sequenceDefaults, by: 'user_id' as const } : null;
      const rest = { parent: seed === 2 ? 1 : null, metrics: {}, dataHash: '', goldenHash: null, run: null, note: '' };
      await registry.put({ name, model: model.save(), encoder: encoderFile(encoder), sequence, ...rest });
    }
    await registry.promote(name, 1, 'first');
  }
  return registry;
}

/** What weights and an encoder say of rows, by instances of their own. */
function scorer(weights: ModelVersion, { encoder: file }: ModelVersion): (rows: readonly FeatureRow[]) => number {
  const model = loadModel(weights.model);
  const encoder = loadEncoder(file);
  return (rows) => {
    const x = new Float32Array(rows.length * encoder.width);
    for (const [i, row] of rows.entries()) encode(encoder, row, x, i * encoder.width);
    return model.predict({ x, rows: 1, steps: rows.length, features: encoder.width })[0]!;
  };
}

/** Work for another core while the detector swaps. */
function training(signal: AbortSignal) {
  const architecture = { kind: 'lstm', steps: 10, features: 41, units: [64], dense: [32] } as const;
  const options = { epochs: 10_000, batch: 32, learningRate: 1e-3, seed: 1 };
  return trainInWorker({ model: createModel(architecture, { seed: 1 }).save(), batch: makeRows(architecture, 2000, 1), options, signal });
}

describe('1,000 hot swaps under load', () => {
  const stop = new AbortController();
  afterEach(() => stop.abort());

  test('lose no flow, score none by half a model, and each leaves a record', async () => {
    const registry = await registryOfTwo();
    const busy = training(stop.signal);
    const seen: (number | null)[] = []; // the version that scored each flow
    const scores: Scored[] = [];
    const detector = createDetector({
      rules: createRules(),
      featurize: createFeaturizer(),
      clock: () => performance.now() * 1000,
      onScore: (score) => {
        scores.push(score);
        scored[score.name]++;
      },
      onStep: ({ scoredBy }) => void seen.push(scoredBy ?? null),
    });
    for (const name of names) detector.swap((await registry.current(name))!);
    const flows = makeFlows({ flows: SWAPS * FLOWS_A_SWAP, users: 6 });
    const records: SwapRecord[] = [];
    const scored = { flow: 0, behaviour: 0 }; // scores so far, when each swap was made
    const at: (typeof scored)[] = [];

    let done = false;
    const stream = (async () => {
      for (const [i, flow] of flows.entries()) {
        detector.observe({ kind: 'closed', flow });
        if (i % FLOWS_A_SWAP === FLOWS_A_SWAP - 1) await turn(); // where a live source awaits its next packets
      }
      done = true;
    })();
    const swaps = (async () => {
      for (let i = 0; i < SWAPS; i++) {
        const name = names[i % 2]!;
        const live = detector.live(name)!.version;
        await registry.promote(name, 3 - live, `swap ${i}`);
        const version = (await registry.current(name))!;
        at.push({ ...scored });
        records.push(detector.swap(version));
        if (!done) await turn();
      }
    })();
    await Promise.all([stream, swaps]);
    stop.abort();
    expect((await busy).report.stopped).toBe('cancelled'); // it was still at work

    // Every flow is there once, each scored by a version that was live then.
    expect(seen).toHaveLength(flows.length);
    expect(scores.filter(({ name }) => name === 'flow').map(({ flow }) => flow)).toEqual(flows);
    const versions = new Map<string, ModelVersion>();
    for (const name of names) for (const v of await registry.list(name)) versions.set(`${name}@${v.version}`, v);
    const whole = new Map([...versions].map(([key, v]) => [key, scorer(v, v)]));
    for (const { name, version, score, rows } of scores) expect(score).toBe(whole.get(`${name}@${version}`)!(rows));

    // The check bites: weights with the other version's encoder say something else, of either kind.
    for (const name of names) {
      const mixed = scorer(versions.get(`${name}@1`)!, versions.get(`${name}@2`)!);
      const own = scores.filter((s) => s.name === name).slice(0, 200);
      expect(own).toHaveLength(200);
      const told = own.filter(({ rows }) => [1, 2].every((v) => whole.get(`${name}@${v}`)!(rows) !== mixed(rows)));
      expect(told.length).toBeGreaterThan(190);
    }

    // Each swap's record: from one to the other, the last flow by the old and the first by the new, and what they took.
    expect(records).toHaveLength(SWAPS);
    for (const name of names) {
      const own = records.filter((r) => r.name === name);
      expect(own.map(({ from, to }) => [from, to])).toEqual(own.map((_, i) => (i % 2 === 0 ? [1, 2] : [2, 1])));
    }
    const ofFlows = records.filter(({ name }) => name === 'flow');
    for (const [i, { from, to, afterFlow }] of ofFlows.entries()) {
      const before = seen[afterFlow - 1];
      const after = seen[afterFlow];
      if (before && ofFlows[i - 1]?.afterFlow !== afterFlow) expect(before).toBe(from);
      if (after && ofFlows[i + 1]?.afterFlow !== afterFlow) expect(after).toBe(to);
    }
    // Latencies before, during and after: each where there was a score to time, and only there.
    for (const name of names) {
      const own = records.flatMap((record, i) => (record.name === name ? [{ latency: record.latency!, at: at[i]![name] }] : []));
      for (const [i, { latency, at: scores }] of own.entries()) {
        expect(latency.during).toBeGreaterThan(0);
        expect(latency.before !== null && latency.before > 0).toBe(scores > (own[i - 1]?.at ?? 0));
        expect(latency.after !== null && latency.after > 0).toBe((own[i + 1]?.at ?? scored[name]) > scores);
      }
      expect(own.filter(({ latency }) => latency.before !== null && latency.after !== null).length).toBeGreaterThan(50);
    }
    const amid = ofFlows.filter(({ afterFlow }) => afterFlow > 0 && afterFlow < flows.length);
    expect(new Set(amid.map(({ afterFlow }) => afterFlow)).size).toBeGreaterThan(SWAPS / 4); // among the flows, not all before or after them
    detector.dispose();
  });
});
