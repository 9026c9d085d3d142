import { describe, expect, test } from 'vitest';
import { type CycleJob, type CyclePorts, type CycleResult, runCycle, type Train } from '../src/cycle.js';
import type { Step } from '../src/detector.js';
import { encode, loadEncoder } from '../src/encoder.js';
import { guardedGate, plainGate } from '../src/gate.js';
import { type CycleState, mayFollow } from '../src/journal.js';
import { guardedPolicy, plainPolicy } from '../src/label.js';
import { loadModel } from '../src/networks/load.js';
import { answerSample, type Question } from '../src/questions.js';
import { createMemoryRegistry, type ModelName, type ModelVersion } from '../src/registry.js';
import { resolveSpec } from '../src/spec.js';
import { trainHere } from '../src/workers/train-here.js';
import { makeSteps } from './traffic/flows.js';

const spec = resolveSpec({ source: { files: ['-'] } });
const settings = {
  flow: { ...spec.flow, minSamples: 50, first: { epochs: 12, batch: 32, learningRate: 2e-3 } },
  behaviour: { ...spec.behaviour, minSamples: 10, units: [12], dense: [8], first: { epochs: 20, batch: 16, learningRate: 5e-3 } },
};
const jobOf = (learner: ModelName, steps: Step[], more: Partial<CycleJob> = {}): CycleJob => ({
  learner,
  number: 1,
  window: { from: steps[0]?.flow.ts ?? 0, to: steps.at(-1)?.flow.ts ?? 0 },
  steps,
  alerts: [],
  settings: settings[learner],
  sequence: spec.sequence,
  policy: plainPolicy,
  gate: guardedGate,
  seed: 7,
  trusted: null,
  ...more,
});
const portsOf = (more: Partial<CyclePorts> = {}): CyclePorts => ({ registry: createMemoryRegistry(), train: trainHere, ...more });

/** Steps as a detector with this flow model live would have scored them. */
function scored(steps: Step[], version: ModelVersion): Step[] {
  const model = loadModel(version.model);
  const encoder = loadEncoder(version.encoder);
  const out = steps.map((s) => ({
    ...s,
    score: model.predict({ x: encode(encoder, s.row), rows: 1, steps: 1, features: encoder.width })[0]!,
  }));
  model.dispose();
  return out;
}

async function firstFlowCycle(ports: CyclePorts): Promise<CycleResult & { version: ModelVersion }> {
  const result = await runCycle(jobOf('flow', makeSteps()), null, ports);
  expect(result.record.state).toBe('deployed');
  return result as CycleResult & { version: ModelVersion };
}

describe('a cycle', () => {
  test('the first champion is trained on known truth, with a frozen golden set it has not learnt', async () => {
    const ports = portsOf();
    const { record, version, trusted } = await firstFlowCycle(ports);
    expect(record).toMatchObject({ state: 'deployed', reason: 'all checks passed', parent: null, version: 1 });
    expect(record.labels.bySource.truth).toBe(600);
    expect(record.samples.train + record.samples.held).toBe(600);
    expect(record.goldenAfter!.balancedAccuracy).toBeGreaterThan(0.95);
    expect(trusted!.golden.rows).toBe(record.samples.held);
    expect(version.goldenHash).toBe(trusted!.goldenHash);
    expect((await ports.registry.current('flow'))!.version).toBe(1);
  });

  test('the next cycle labels by rule and score, learns, and is judged against the champion', async () => {
    const ports = portsOf();
    const first = await firstFlowCycle(ports);
    const steps = scored(makeSteps({ seed: 2, from: 2000 }), first.version);
    const { record, scores } = await runCycle(jobOf('flow', steps, { number: 2, trusted: first.trusted }), first.version, ports);
    expect(['deployed', 'rolled-back']).toContain(record.state);
    expect(record.labels.bySource.truth).toBe(0); // truth is for judging only
    expect(record.labels.coverage).toBeGreaterThan(0.8);
    expect(record.labels.noise).toBeLessThan(0.05);
    expect(record.samples.replayed).toBeGreaterThan(0);
    expect(record.before).not.toBeNull();
    expect(record.prequential!.rows).toBe(600);
    expect(scores!.frozen).toEqual(scores!.champion); // the champion still is the first model
    expect(record.verdict!.checks.map((c) => c.name)).toContain('golden-drop');
    expect(record.version).toBe(2);
    expect((await ports.registry.list('flow')).map((v) => v.parent)).toEqual([null, 1]);
  });

  test('the behaviour LSTM learns sequences', async () => {
    const { record } = await runCycle(jobOf('behaviour', makeSteps({ flows: 900 })), null, portsOf());
    expect(record.state).toBe('deployed');
    expect(record.sequences!.sequences).toBeGreaterThan(100);
    expect(record.goldenAfter!.accuracy).toBeGreaterThan(0.8);
  });

  test('same job, same record, to the bit; another seed, other weights', async () => {
    const run = async (seed: number) => (await runCycle(jobOf('flow', makeSteps(), { seed }), null, portsOf())).record;
    const [a, b, c] = [await run(7), await run(7), await run(8)];
    expect(a).toEqual(b);
    expect(c.hashes.flows).toBe(a.hashes.flows);
    expect(c.hashes.weights).not.toBe(a.hashes.weights);
  });

  test('start: scratch trains fresh weights: the champion is judged and stays the parent, but nothing of its weights is in the challenger', async () => {
    const ports = portsOf();
    const first = await firstFlowCycle(ports);
    const steps = scored(makeSteps({ seed: 2, from: 2000 }), first.version);
    const other = await runCycle(jobOf('flow', makeSteps(), { seed: 70 }), null, portsOf());
    const second = async (champion: ModelVersion, start: 'champion' | 'scratch') =>
      (
        await runCycle(
          jobOf('flow', steps, { number: 2, trusted: first.trusted, settings: { ...settings.flow, start } }),
          champion,
          portsOf({ registry: ports.registry }),
        )
      ).record;
    const swapped = { ...first.version, model: other.version!.model };
    const scratch = await second(first.version, 'scratch');
    expect((await second(swapped, 'scratch')).hashes.weights).toBe(scratch.hashes.weights);
    expect((await second(swapped, 'champion')).hashes.weights).not.toBe((await second(first.version, 'champion')).hashes.weights);
    expect(scratch.epochs).toHaveLength(12); // the `first` training
    expect(scratch.parent).toBe(1);
    expect(scratch.before).toEqual((await second(first.version, 'champion')).before);
  });

  test('spoiled labels do not reach the detector: the gate rolls back, the champion stays', async () => {
    const ports = portsOf();
    const first = await firstFlowCycle(ports);
    // A confident, wrong scorer: attacks look benign to it, so that the plain rule would teach the model its mistake.
    const steps = makeSteps({ seed: 3, from: 2000 }).map((s) => ({
      ...s,
      score: s.flow.label === 1 ? 0.01 : 0.02 + 0.97 * (s.flow.resp_p === 80 && s.flow.orig_bytes > 900 ? 1 : 0),
    }));
    const spoil = {
      number: 2,
      trusted: first.trusted,
      settings: { ...settings.flow, replay: 0, train: { epochs: 30, batch: 16, learningRate: 5e-3 } },
    };
    const { record, version } = await runCycle(jobOf('flow', steps, spoil), first.version, ports);
    expect(record.labels.benignNoise).toBeGreaterThan(0.1);
    expect(record).toMatchObject({ state: 'rolled-back' });
    expect(record.reason).toContain('golden-');
    expect(version).toBeNull();
    expect((await ports.registry.current('flow'))!.version).toBe(1);
    // The plain gate of the existing systems lets the same model through.
    const plain = await runCycle(jobOf('flow', steps, { ...spoil, gate: plainGate }), first.version, ports);
    expect(plain.record.state).toBe('deployed');
  });

  test('guarded: where rules and trusted rows contradict each other nothing is learnt, and the window is scored all the same', async () => {
    const ports = portsOf();
    const first = await firstFlowCycle(ports);
    // A rule gone mad: it speaks of ordinary flows.
    const steps = makeSteps({ seed: 4, from: 2000 }).map((s) => ({ ...s, score: 0.02, rule: s.flow.label === 1 ? null : 'port-scan' }));
    const at = (leastStanding: number) =>
      runCycle(
        jobOf('flow', steps, { number: 2, trusted: first.trusted, policy: { ...guardedPolicy, leastStanding } }),
        first.version,
        portsOf({ registry: ports.registry }),
      );
    const { record, scores } = await at(0.5);
    expect(record.state).toBe('skipped');
    expect(record.reason).toMatch(/^only \d+ of \d+ labels that rules gave stand/);
    expect(record.prequential!.rows).toBe(steps.length);
    expect(scores).not.toBeNull();
    expect((await at(0)).record.reason).not.toMatch(/labels that rules gave/);
  });

  describe('guarded, where learning has to be worth it', () => {
    const asked = async (rule: string | null, drift = true) => {
      const window = makeSteps({ seed: 4, from: 2000, drift });
      const ports = portsOf();
      const first = await firstFlowCycle(ports);
      const steps = scored(window, first.version).map((s) => ({ ...s, rule: s.flow.label === 1 ? rule : null }));
      const job = jobOf('flow', steps, {
        number: 2,
        trusted: first.trusted,
        policy: guardedPolicy,
        evidence: true,
        settings: { ...settings.flow, minSamples: 1 },
      });
      const said: Question[] = [];
      const audit = { most: 10, ask: (questions: readonly Question[]) => said.push(...questions) };
      return { ...(await runCycle(job, first.version, { ...ports, audit })), said, job, first, ports };
    };

    test('its own labels are no reason to learn, a rule that contradicts it is', async () => {
      const alone = await asked(null, false);
      expect(alone.record.state).toBe('skipped');
      expect(alone.record.reason).toMatch(/^rules and people do not contradict the champion/);
      expect(alone.record.epochs).toEqual([]);
      const told = await asked('odd-service');
      expect(told.record.epochs.length).toBeGreaterThan(0);
      expect(told.record.verdict!.checks.map(({ name }) => name)).toContain('unsupported');
    });

    test('a person is asked about what the witness does not know, and answers that contradict the champion are a reason to learn', async () => {
      const { said, job, first, ports, memory } = await asked(null);
      expect(said.length).toBeGreaterThan(0);
      expect(said.filter(({ step }) => step.flow.label === 1).length).toBeGreaterThan(0);
      const answers = said.map((question) => answerSample(question, question.verdict === 1 ? 0 : 1));
      const next = await runCycle({ ...job, number: 3, extra: answers, memory }, first.version, ports);
      expect(next.record.epochs.length).toBeGreaterThan(0);
      expect(next.record.samples.others).toBe(answers.length);
    });

    test('what nobody proved is remembered, of both verdicts, without a label', async () => {
      const { memory = [], job } = await asked('odd-service');
      expect(memory.length).toBeGreaterThan(0);
      expect(memory.length).toBeLessThanOrEqual(job.settings.replay);
      expect(memory.every(({ label, truth, source }) => label === null && truth === undefined && source === 'skip')).toBe(true);
    });
  });

  test('guarded: attacks that the score calls benign are struck by the witness, and almost nothing wrong is left', async () => {
    const ports = portsOf();
    const first = await firstFlowCycle(ports);
    const steps = makeSteps({ seed: 3, from: 2000 }).map((s) => ({ ...s, score: 0.02 })); // every flow looks benign to the score
    const more = { number: 2, trusted: first.trusted };
    const plain = await runCycle(jobOf('flow', steps, more), first.version, ports);
    const { record } = await runCycle(jobOf('flow', steps, { ...more, policy: guardedPolicy }), first.version, ports);
    expect(plain.record.labels.benignNoise).toBeGreaterThan(0.15);
    expect(plain.record.guard).toBeUndefined();
    expect(record.guard!.struck).toBeGreaterThan(0.8 * steps.filter((s) => s.flow.label === 1).length);
    expect(record.labels.benignNoise).toBeLessThan(0.05);
    expect(record.labels.coverage).toBeGreaterThan(0.4);
  });

  test('guarded: without trusted rows no score may teach', async () => {
    const ports = portsOf();
    const first = await firstFlowCycle(ports);
    const steps = makeSteps({ seed: 3, from: 2000 }).map((s) => ({ ...s, score: s.flow.label === 1 ? 0.99 : 0.01 }));
    const { record } = await runCycle(jobOf('flow', steps, { number: 2, trusted: null, policy: guardedPolicy }), first.version, ports);
    expect(record.labels.bySource).toMatchObject({ 'score-low': 0, 'score-high': 0 });
    expect(record.state).toBe('skipped');
  });

  test('without truth and without a champion: skipped, and it says why', async () => {
    const steps = makeSteps().map((s) => ({ ...s, flow: { ...s.flow, label: undefined } }));
    const { record } = await runCycle(jobOf('flow', steps), null, portsOf());
    expect(record).toMatchObject({ state: 'skipped', version: null });
    expect(record.reason).toMatch(/^no trusted rows/);
  });

  test('too few rows, one class, no sequences: skipped with the numbers', async () => {
    const reason = async (learner: ModelName, steps: Step[]) => (await runCycle(jobOf(learner, steps), null, portsOf())).record.reason;
    expect(await reason('flow', makeSteps({ flows: 30 }))).toBe('needs 50 labelled flows, has 30');
    expect(
      await reason(
        'flow',
        makeSteps().filter((s) => s.flow.label === 0),
      ),
    ).toMatch(/^one class only: 0 attacks among \d+ rows/);
    expect(await reason('behaviour', makeSteps({ flows: 40, users: 9 }))).toMatch(/^no sequences built: 9 users/);
    expect(await reason('flow', [])).toMatch(/^no trusted rows/);
  });

  test('a NaN feature fails the cycle with the column, and nothing is promoted', async () => {
    const steps = makeSteps();
    steps[5] = { ...steps[5]!, row: { ...steps[5]!.row, src_bytes: Number.NaN } };
    const ports = portsOf();
    const { record } = await runCycle(jobOf('flow', steps), null, ports);
    expect(record.state).toBe('failed');
    expect(record.reason).toMatch(/NL_BAD_VALUE .*src_bytes/);
    expect(await ports.registry.current('flow')).toBeNull();
  });

  test('a champion of another sequence length is refused with what to do', async () => {
    const ports = portsOf();
    const first = await runCycle(jobOf('behaviour', makeSteps({ flows: 900 })), null, ports);
    const steps = makeSteps({ flows: 900, seed: 4 }).map((s) => ({ ...s, score: s.flow.label === 1 ? 0.99 : 0.01 }));
    const other = jobOf('behaviour', steps, { sequence: { ...spec.sequence, length: 20 }, trusted: first.trusted });
    const { record } = await runCycle(other, first.version, ports);
    expect(record.state).toBe('failed');
    expect(record.reason).toMatch(/NL_MODEL_SCHEMA .*set sequence.length to 10/);
  });

  test('a learning rate that diverges is rolled back', async () => {
    const ports = portsOf();
    const wild = jobOf('flow', makeSteps(), { settings: { ...settings.flow, first: { epochs: 5, batch: 32, learningRate: 1e6 } } });
    const { record } = await runCycle(wild, null, ports);
    expect(record).toMatchObject({ state: 'rolled-back', reason: 'training diverged: lower the learning rate' });
  });

  test('every state is told before the cycle goes on, in an order the journal allows', async () => {
    const seen: CycleState[] = ['collecting'];
    await firstFlowCycle(portsOf({ onState: async (state) => void seen.push(state) }));
    expect(seen).toEqual(['collecting', 'labelling', 'building', 'backing-up', 'training', 'validating', 'validating', 'deployed']);
    for (let i = 1; i < seen.length; i++) expect(mayFollow(seen[i - 1]!, seen[i]!), `${seen[i - 1]} -> ${seen[i]}`).toBe(true);
  });
});

describe('what an experiment file says of a training', () => {
  /** What a first cycle hands the trainer, and the weights that come back. */
  const first = async (learner: ModelName, more: object, training: object = {}) => {
    const { [learner]: own } = resolveSpec({
      source: { files: ['-'] },
      [learner]: { minSamples: 10, dense: [8], ...more, first: { epochs: 4, learningRate: 5e-3, ...training } },
    });
    let options: unknown;
    let architecture: unknown;
    const train: Train = (file, batch, given) => {
      [architecture, options] = [file.architecture, given];
      return trainHere(file, batch, given);
    };
    const { record } = await runCycle(
      jobOf(learner, makeSteps({ flows: learner === 'flow' ? 300 : 900 }), { settings: own }),
      null,
      portsOf({ train }),
    );
    return { options, architecture, weights: record.hashes.weights, epochs: record.epochs };
  };

  test('reaches the trainer, and makes other weights; threads make the same', async () => {
    const plain = await first('flow', {});
    const sgd = await first('flow', {}, { optimizer: 'sgd' });
    const trainings = [
      { optimizer: 'sgd' },
      { clipNorm: 0.01 },
      { classWeight: [1, 5] },
      { dropout: 0.5 },
      { dropout: [0.5] },
      { schedule: { kind: 'step', every: 1, factor: 0.5 } },
      { schedule: { kind: 'exponential', factor: 0.5 } },
      { schedule: { kind: 'cosine', floor: 0.1 } },
      { frozen: ['dense_0'] },
    ];
    for (const training of trainings) {
      const { options, weights } = await first('flow', {}, training);
      expect(options).toMatchObject(training);
      expect(weights, JSON.stringify(training)).not.toBe(plain.weights);
    }
    const momentum = await first('flow', {}, { optimizer: 'sgd', momentum: 0.9 });
    expect(momentum.options).toMatchObject({ momentum: 0.9 });
    expect(momentum.weights).not.toBe(sgd.weights);
    const stopped = await first('flow', {}, { earlyStopping: { patience: 1, minDelta: 10 } });
    expect(stopped.epochs).toHaveLength(2);
    const threads = await first('flow', {}, { threads: 2 });
    expect(threads.options).toMatchObject({ threads: 2 });
    expect(threads.weights).toBe(plain.weights);
  });

  test('so does what the LSTM is made of', async () => {
    const plain = await first('behaviour', { units: [6] });
    expect(plain.architecture).toEqual({ kind: 'lstm', steps: 10, features: expect.any(Number), units: [6], dense: [8] });
    const both = await first('behaviour', { units: [6], bidirectional: true });
    expect(both.architecture).toMatchObject({ bidirectional: true });
    const hard = await first('behaviour', { units: [6], recurrentActivation: 'hard_sigmoid' });
    expect(hard.architecture).toMatchObject({ recurrentActivation: 'hard_sigmoid' });
    expect(new Set([plain.weights, both.weights, hard.weights]).size).toBe(3);
  });
});
