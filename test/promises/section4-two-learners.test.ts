// DESIGN section 4, promise by promise. Guarded elsewhere: a process killed in every state (test/kill), sequences of one user
// (test/sequence), the interval and train-now of a single learner (test/learner), the stores' own caps (test/contracts).
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryAlertStore, type StoredAlert } from '../../src/alert.js';
import { openPorts } from '../../src/cli/ports.js';
import { runCycle, type Trusted } from '../../src/cycle.js';
import { encode, loadEncoder } from '../../src/encoder.js';
import { createFeaturizer } from '../../src/featurize.js';
import type { Flow } from '../../src/flow.js';
import { CYCLE_STATES, type CycleState, createMemoryJournal } from '../../src/journal.js';
import { createLedger } from '../../src/ledger.js';
import type { LabelledBatch } from '../../src/model.js';
import { loadModel } from '../../src/networks/load.js';
import { recoverCycles } from '../../src/recover.js';
import { createMemoryRegistry } from '../../src/registry.js';
import { loadSpec } from '../../src/sources/spec-file.js';
import { resolveSpec } from '../../src/spec.js';
import { captureSource, makeCapture } from '../traffic/capture.js';
import { makeFlows, makeSteps } from '../traffic/flows.js';
import { cyclesOf, flowSource, only, run, specOf, trainHere } from './run.js';

const frames = makeCapture({ sessions: 1800 });
const flows = makeFlows({ flows: 1300, seed: 5 });
const seconds = (n: number) => ({ flow: { every: { seconds: n } }, behaviour: { every: { seconds: n } } });
const withoutTruth = flows.map(({ label: _, ...flow }): Flow => flow);
const bits = (cycles: ReturnType<typeof cyclesOf>) => cycles.map(({ seconds: _, ...cycle }) => cycle);

describe('two learners', () => {
  test('the LSTM learns sequences of flows, the MLP single flows', async () => {
    const { registry } = await run(specOf(), [flowSource(flows)]);
    expect((await registry.current('behaviour'))!.model.architecture).toMatchObject({ kind: 'lstm', steps: 10 });
    expect((await registry.current('flow'))!.model.architecture).toMatchObject({ kind: 'mlp', steps: 1 });
  });

  test('the flow learner does the same with and without the behaviour learner', async () => {
    const [both, alone] = [
      await run(specOf(seconds(300)), [captureSource(frames)]),
      await run(specOf({ ...seconds(300), ...only('flow') }), [captureSource(frames)]),
    ];
    expect(cyclesOf(alone, 'behaviour')).toEqual([]);
    expect(alone.report.live.behaviour).toBeNull();
    expect(cyclesOf(alone, 'flow').length).toBeGreaterThan(2);
    expect(bits(cyclesOf(alone, 'flow'))).toEqual(bits(cyclesOf(both, 'flow')));
  });

  test('the behaviour learner does the same with and without the flow learner, but for the labels it takes from its scores', async () => {
    const scoreless = { labels: { attackAbove: 1, benignBelow: 0, unknown: 'benign' } };
    const off = { flow: { enabled: false }, behaviour: { every: { seconds: 300 } } };
    const [both, alone] = [
      await run(specOf({ ...seconds(300), ...scoreless }), [captureSource(frames)]),
      await run(specOf({ ...off, ...scoreless }), [captureSource(frames)]),
    ];
    expect(cyclesOf(alone, 'flow')).toEqual([]);
    const cycles = bits(cyclesOf(alone, 'behaviour'));
    expect(cycles.filter((c) => c.state === 'deployed' || c.state === 'rolled-back').length).toBeGreaterThan(2);
    expect(cycles).toEqual(bits(cyclesOf(both, 'behaviour')));
  });

  test('a learner that is switched off leaves its champion watching', async () => {
    const first = await run(specOf(), [flowSource(flows)]);
    const { registry } = first;
    const { report, alerts } = await run(
      specOf({ flow: { enabled: false }, behaviour: { enabled: false }, parent: 'champion' }),
      [flowSource(flows)],
      {
        registry,
      },
    );
    expect(report.cycles).toEqual([]);
    expect(report.live).toEqual(first.report.live);
    expect(await alerts.count({ source: 'ANN' })).toBeGreaterThan(0);
  });
});

describe('defaults, limits, presets', () => {
  const preset = (name: string) => resolveSpec(loadSpec(join(import.meta.dirname, `../../experiments/preset-${name}.yaml`))).flow;

  test('the defaults are those of the existing systems', () => {
    const spec = resolveSpec({ source: { files: ['x'] } });
    expect(spec.behaviour).toMatchObject({ enabled: true, every: { seconds: 600 }, train: { epochs: 10 } });
    expect(spec.sequence).toMatchObject({ length: 10, overlap: 0.5, minFlows: 5 });
    expect(spec.flow).toMatchObject({ enabled: true, every: { seconds: 3600 }, minSamples: 100, maxHistory: 10_000 });
    expect(spec.flow.train).toMatchObject({ batch: 32, learningRate: 1e-4, epochs: 3 });
    expect(spec.keep).toBe('ledger');
  });

  test('1 to 60 minutes, lengths 5 to 50 and 5 to 50 epochs are accepted; other lengths are not', () => {
    const at = (minutes: number, length: number, epochs: number) =>
      resolveSpec({ source: { files: ['x'] }, sequence: { length }, behaviour: { every: { seconds: 60 * minutes }, train: { epochs } } });
    expect(at(1, 5, 5).sequence.length).toBe(5);
    expect(at(60, 50, 50).behaviour.train.epochs).toBe(50);
    expect(() => at(10, 4, 10)).toThrow(/sequence\.length/);
    expect(() => at(10, 51, 10)).toThrow(/sequence\.length/);
  });

  test.each([
    ['mass', 3600, 500, 128, 2e-4, 20_000],
    ['single', 7200, 50, 16, 5e-5, 5_000],
  ])('the preset %s', (name, interval, minSamples, batch, learningRate, maxHistory) => {
    expect(preset(name)).toMatchObject({ every: { seconds: interval }, minSamples, maxHistory, train: { batch, learningRate, epochs: 3 } });
  });

  test('a cycle learns from the newest maxHistory labelled flows at most', async () => {
    const { report } = await run(specOf({ ...only('flow'), flow: { maxHistory: 150 } }), [flowSource(flows)]);
    for (const { samples } of report.cycles.slice(0, 3)) expect(samples.train + samples.held).toBe(150);
  });
});

describe('labels', () => {
  test.each([
    ['', 8, {}, 0.95, 0.3],
    [' (or as the spec says)', 8, { attackAbove: 0.97, benignBelow: 0.02 }, 0.97, 0.02],
    [' (an unsure model)', 4, {}, 0.95, 0.3],
  ])(
    'rule -> attack; score above 0.95 -> attack; below 0.30 -> benign; else skip%s: every label is accounted for',
    async (_, epochs, labels, above, below) => {
      const { report, ledger } = await run(specOf({ ...only('flow'), labels, flow: { first: { epochs, learningRate: 0.003 } } }), [
        flowSource(flows),
      ]);
      const entries = ledger.entries();
      for (const { source, label, confidence, version } of entries) {
        expect(['rule', 'score-high', 'score-low']).toContain(source);
        expect(label).toBe(source === 'score-low' ? 0 : 1);
        expect(version === null).toBe(source === 'rule');
        if (source === 'score-high') expect(confidence).toBeGreaterThan(above);
        if (source === 'score-low') expect(confidence).toBeGreaterThan(1 - below);
      }
      const told = (source: string) => entries.filter((e) => e.source === source).length;
      const recorded = (source: 'rule' | 'score-high' | 'score-low') =>
        report.cycles.filter((c) => c.number > 1).reduce((n, c) => n + c.labels.bySource[source], 0);
      for (const source of ['rule', 'score-high', 'score-low'] as const) {
        expect(told(source), source).toBe(recorded(source));
        expect(told(source), source).toBeGreaterThan(0);
      }
      expect(report.cycles.some((c) => c.labels.bySource.skip > 0)).toBe(true);
      for (const { flows: seen, labels } of report.cycles) expect(Object.values(labels.bySource).reduce((a, b) => a + b)).toBe(seen);
    },
  );

  test('a sequence with an attack step is 1; without one, an unknown step leaves it out, or counts as benign where the spec says so', async () => {
    const of = async (unknown: 'drop' | 'benign') => {
      const learnt: LabelledBatch[] = [];
      const spec = specOf({
        labels: { attackAbove: 1, benignBelow: 0, unknown },
        flow: { enabled: false },
        behaviour: { every: { seconds: 300 }, minSamples: 2, validationShare: 0.4 },
      });
      const { report } = await run(spec, [captureSource(frames)], {
        train: (model, batch, options) => {
          learnt.push(batch);
          return trainHere(model, batch, options);
        },
      });
      const cycle = report.cycles[1]!;
      return { ...cycle, y: Array.from(learnt[1]!.y.slice(0, cycle.samples.train)) };
    };
    const [drop, benign] = [await of('drop'), await of('benign')];
    expect(drop.sequences).toEqual(benign.sequences);
    expect(drop.labels.bySource.skip).toBeGreaterThan(0);
    expect(new Set(drop.y)).toEqual(new Set([1]));
    expect(new Set(benign.y)).toEqual(new Set([0, 1]));
    expect(drop.samples.train + drop.samples.held).toBeLessThan(benign.samples.train + benign.samples.held);
  });

  test('the flow learner learns from alerts of other deployments in the store, each once, and never again in a later run', async () => {
    const steps = makeSteps({ flows: 80, seed: 9 });
    const alert = (n: number, more: Partial<StoredAlert>): StoredAlert => {
      const { flow, row, user } = steps[n]!;
      const { orig_h, resp_h, orig_p, resp_p } = flow;
      const base = { id: `east-${n}`, ts: flow.ts, source: 'DFA', rule: 'port-scan', orig_h, resp_h, orig_p, resp_p, score: 1 } as const;
      return { ...base, evidence: {}, model_version: null, user, deployment: 'east', row, ...more };
    };
    const alerts = createMemoryAlertStore();
    await alerts.append([
      ...Array.from({ length: 20 }, (_, n) => alert(n, {})),
      ...Array.from({ length: 10 }, (_, n) => alert(20 + n, { source: 'ANN', score: 0.96 })),
      ...Array.from({ length: 10 }, (_, n) => alert(30 + n, { source: 'ANN', score: 0.29 })),
      ...Array.from({ length: 10 }, (_, n) => alert(40 + n, { source: 'ANN', score: 0.6 })), // unsure: skipped
      ...Array.from({ length: 10 }, (_, n) => alert(50 + n, { source: 'LSTM', score: 0.99 })), // speaks of a sequence
      alert(60, { row: null }),
      alert(61, { row: { ...steps[61]!.row, src_bytes: Number.NaN } }), // what comes from elsewhere may be damaged
      ...Array.from({ length: 5 }, (_, n) => alert(70 + n, { deployment: 'local' })), // our own flows are learnt from as flows
    ]);
    const [journal, registry] = [createMemoryJournal(), createMemoryRegistry()];
    const spec = specOf({ ...only('flow') });
    const others = async (over: Record<string, unknown> = {}) =>
      (await run({ ...spec, ...over }, [flowSource(flows)], { alerts, journal, registry })).report.cycles.map((c) => c.samples.others);
    expect(await others()).toEqual([0, 40, 0, 0]); // the first champion comes from trusted rows alone
    expect(await others({ parent: 'champion' })).toEqual([0, 0, 0, 0]);
    await alerts.append([alert(75, {})]);
    expect((await others({ parent: 'champion' }))[0]).toBe(1);
  });

  test('of many alerts from elsewhere the newest maxHistory are learnt', async () => {
    const alerts = createMemoryAlertStore();
    const steps = makeSteps({ flows: 700, seed: 9 });
    await alerts.append(
      steps.map(({ flow, row, user }, n) => ({
        ...{ id: `e${n}`, ts: flow.ts, source: 'DFA' as const, rule: 'flood', orig_h: '', resp_h: '', orig_p: 0, resp_p: 0, score: 1 },
        ...{ evidence: {}, model_version: null, user, deployment: 'east', row },
      })),
    );
    const { report } = await run(specOf({ ...only('flow'), flow: { maxHistory: 600 } }), [flowSource(flows)], { alerts });
    const { samples } = report.cycles[1]!;
    expect(samples.train + samples.held).toBe(600);
    expect(samples.others).toBeGreaterThan(200);
  });
});

describe('when a cycle runs', () => {
  const windowsOf = async (minSamples: number) => {
    const { report } = await run(specOf({ ...only('flow'), flow: { every: { seconds: 300 }, minSamples } }), [captureSource(frames)]);
    return report.cycles.map((c) => ({ flows: c.flows, seconds: (c.window.to - c.window.from) / 1e6 }));
  };

  test('enough samples wait for the interval', async () => {
    const windows = await windowsOf(50);
    expect(windows.length).toBeGreaterThanOrEqual(3);
    for (const w of windows.slice(0, -1)) {
      expect(w.seconds).toBeGreaterThanOrEqual(300);
      expect(w.seconds).toBeLessThan(310);
    }
    const last = windows.at(-1)!;
    expect(last.seconds).toBeLessThan(300); // the source ended: the interval is skipped …
    expect(last.flows).toBeGreaterThanOrEqual(50); // … the samples are not
  });

  test('the interval waits for enough samples, and the end of the source does not make up for them', async () => {
    const windows = await windowsOf(800);
    expect(windows.length).toBe(2);
    for (const w of windows) {
      expect(w.seconds).toBeGreaterThan(300);
      expect(w.flows).toBeGreaterThanOrEqual(800);
    }
  });
});

describe('the states of a cycle', () => {
  test('come in order, each noted before the cycle goes on, and every cycle ends cleaned with its outcome', async () => {
    const journal = createMemoryJournal();
    const seen = new Map<string, CycleState[]>();
    const slow = {
      ...journal,
      begin: async (start: Parameters<typeof journal.begin>[0]) => {
        const id = await journal.begin(start);
        seen.set(id, ['collecting']);
        return id;
      },
      advance: async (...[id, state, data]: Parameters<typeof journal.advance>) => {
        await nextTurn();
        await journal.advance(id, state, data);
        if (seen.get(id)!.at(-1) !== state) seen.get(id)!.push(state);
      },
    };
    const { report } = await run(specOf(only('flow')), [flowSource(flows)], {
      journal: slow,
      train: async (...job) => {
        const states = (await journal.unfinished()).map((c) => c.state);
        expect(states).toContain('training'); // had this process been killed here, the journal would know
        return trainHere(...job);
      },
    });
    const walk = ['collecting', 'labelling', 'building', 'backing-up', 'training', 'validating'];
    const ended = [...seen.values()].slice(0, report.cycles.length);
    expect(ended).toEqual(report.cycles.map((c) => [...walk, c.state, 'cleaned']));
    expect(await journal.unfinished()).toEqual([]);
    const outcomes = (await journal.history()).reverse().map((c) => c.outcome);
    expect(outcomes.slice(0, report.cycles.length)).toEqual(report.cycles.map((c) => c.state));
  });

  const underWay = CYCLE_STATES.slice(0, CYCLE_STATES.indexOf('deployed'));
  test.each(underWay)('found in %s after a kill, a cycle is marked failed and says why', async (state) => {
    const journal = createMemoryJournal();
    const id = await journal.begin({ learner: 'flow', number: 1, window: { from: 0, to: 0 }, parent: null, run: null });
    await journal.advance(id, state, {});
    const [found] = await recoverCycles(journal, createMemoryRegistry());
    expect(found).toMatchObject({ outcome: 'failed', reason: `killed while ${state}: its flows lived in memory only` });
    expect(await journal.unfinished()).toEqual([]);
  });

  test('found judged but not ended, a cycle is finished as it was decided', async () => {
    const [journal, registry] = [createMemoryJournal(), createMemoryRegistry()];
    const { registry: made } = await run(specOf(only('flow')), [flowSource(flows.slice(0, 500))]);
    const { version: _, ...draft } = (await made.list('flow'))[0]!;
    const { version } = await registry.put(draft);
    const id = await journal.begin({ learner: 'flow', number: 1, window: { from: 0, to: 0 }, parent: null, run: null });
    await journal.advance(id, 'validating', { version, deploy: true, reason: 'all checks passed' });
    expect((await recoverCycles(journal, registry))[0]).toMatchObject({ outcome: 'deployed' });
    expect((await registry.current('flow'))!.version).toBe(version);
  });
});

describe('raw flows', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;

  test('nothing holds a flow of a window once its cycles are over', async () => {
    const born: WeakRef<Flow>[] = [];
    const alive: number[] = [];
    async function* read() {
      for (let at = 0; at < flows.length; at += 50) {
        if (at >= 850) {
          // Both windows that hold the first 400 flows have been learnt from: at 400 and 450, with 30 s to settle.
          for (let i = 0; i < 3; i++) await nextTurn();
          gc();
          alive.push(born.slice(0, 400).filter((ref) => ref.deref() !== undefined).length);
        }
        const fresh = structuredClone(flows.slice(at, at + 50));
        for (const flow of fresh) born.push(new WeakRef(flow));
        yield { kind: 'flows' as const, flows: fresh };
      }
    }
    const source = { name: 'flows', yields: 'flows' as const, read, damage: () => [] };
    await run(specOf({ behaviour: { every: { flows: 450 } } }), [source]);
    expect(alive.length).toBeGreaterThan(3);
    expect(Math.max(...alive)).toBe(0);
  });

  const homes: string[] = [];
  afterEach(() => {
    for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true });
    delete process.env.NETLOOP_HOME;
  });
  const filesOf = (dir: string): string[] =>
    readdirSync(dir, { withFileTypes: true, recursive: true })
      .filter((e) => e.isFile())
      .map((e) => join(e.parentPath, e.name));

  /** Runs on the real stores of a home of its own; gives the files in which an address of the traffic stands, as text or as octets. */
  async function addressesIn(over: Record<string, unknown>): Promise<{ holding: string[]; files: string[] }> {
    const home = mkdtempSync(join(tmpdir(), 'netloop-promise-'));
    homes.push(home);
    process.env.NETLOOP_HOME = home;
    const spec = specOf({ ...seconds(300), publish: true, ...over });
    const ports = await openPorts(spec);
    const opened = { sources: [captureSource(frames)], datasets: [{ name: 'capture', sha256: 'x', source: 'capture' }] };
    const { report } = await run(spec, [], { ...ports, open: async () => opened, train: trainHere });
    expect(report.cycles.filter((c) => c.state === 'deployed').length).toBeGreaterThan(2);
    await ports.close();
    const canaries = ['192.0.2.', '198.51.100.'].flatMap((text) => [
      Buffer.from(text),
      Buffer.from(text.split('.').slice(0, 3).map(Number)),
    ]);
    const files = filesOf(home).filter((file) => !/-(wal|shm)$/.test(file) || readFileSync(file).length > 0);
    const holds = (file: string): boolean => {
      const held = readFileSync(file);
      const addresses = [10, 13, 16]
        .map((n) => Buffer.from([192, 0, 2, n]))
        .concat([Buffer.from([198, 51, 100, 9]), Buffer.from([198, 51, 100, 80])]);
      return [canaries[0]!, canaries[2]!, ...addresses].some((canary) => held.includes(canary));
    };
    const name = (file: string): string => file.slice(home.length + 1);
    return { holding: files.filter(holds).map(name), files: files.map(name) };
  }

  test('no address is in models, golden sets, ledger, journal or tracking: only alerts name hosts', async () => {
    const { holding, files } = await addressesIn({});
    expect(holding.length).toBeGreaterThan(0); // the search finds what is there
    expect(holding.filter((file) => !/^\.netloop\/alerts\.db(-wal|-shm)?$/.test(file))).toEqual([]);
    for (const part of [
      'models/flow/1/',
      'models/behaviour/1/',
      '.netloop/trusted/',
      '.netloop/ledger.db',
      '.netloop/state.db',
      '.netloop/tracking/',
    ]) {
      expect(
        files.some((file) => file.startsWith(part)),
        part,
      ).toBe(true);
    }
  });

  test('keep: none keeps no ledger and learns nothing again', async () => {
    expect((await addressesIn({ keep: 'none' })).files.filter((file) => file.includes('ledger'))).toEqual([]);
    const kept = { ...createLedger(), key: 'key' };
    const { report } = await run(specOf({ keep: 'none' }), [flowSource(flows)], { ledger: kept });
    expect(kept.entries()).toEqual([]);
    expect(report.cycles.map((c) => c.samples.replayed)).toEqual(report.cycles.map(() => 0));
    const { report: usual } = await run(specOf(), [flowSource(flows)]);
    expect(usual.cycles.some((c) => c.samples.replayed > 0)).toBe(true);
  });

  test('ids in the ledger are keyed: the same under one key, others under another; rows are encoded, and at most `capacity` stay', async () => {
    const under = async (key: string, capacity = 10_000) =>
      (await run(specOf(), [flowSource(flows)], { ledger: { ...createLedger({ capacity }), key } })).ledger;
    const [one, again, other, small] = [await under('a'), await under('a'), await under('b'), await under('a', 100)];
    const ids = (ledger: typeof one) => ledger.entries().map((e) => e.id);
    expect(ids(one).length).toBeGreaterThan(500);
    expect(ids(again)).toEqual(ids(one));
    expect(ids(other).filter((id) => ids(one).includes(id))).toEqual([]);
    for (const { id, x } of one.entries()) {
      expect(id).toMatch(/^[0-9a-f]{16}$/);
      expect(Math.max(...x.map(Math.abs))).toBeLessThanOrEqual(8); // the encoder's clip: no raw port or byte count
    }
    expect(ids(small)).toEqual(ids(one).slice(-100));
    expect(small.count()).toMatchObject({ kept: 100, dropped: ids(one).length - 100 });
  });

  test('the replay reservoir holds at most `replay` rows', async () => {
    const { report } = await run(specOf({ ...only('flow'), flow: { replay: 70 } }), [flowSource(flows)]);
    expect(report.cycles.map((c) => c.samples.replayed)).toEqual([0, 70, 70, 70]);
    let kept: Trusted | null = null;
    const trusted = {
      load: async () => kept,
      save: async (_: string, next: Trusted) => {
        kept = next;
      },
    };
    const large = await run(specOf(only('flow')), [flowSource(flows)], { trusted });
    expect(kept!.reservoir.rows).toBeGreaterThan(200);
    // The same flows once more: on purpose.
    const allow = ['test-before-training', 'fitted-on-test'];
    const less = specOf({ ...only('flow'), flow: { replay: 50 }, parent: 'champion', allow });
    const again = await run(less, [flowSource(flows)], { trusted, registry: large.registry });
    expect(again.report.cycles[0]!.samples.replayed).toBe(50);
  });
});

describe('the first champion', () => {
  test('comes from known truth', async () => {
    const { report } = await run(specOf(), [flowSource(flows)]);
    for (const cycle of report.cycles.filter((c) => c.number === 1)) {
      expect(cycle).toMatchObject({ state: 'deployed', parent: null });
      expect(cycle.labels.bySource.truth).toBe(cycle.flows);
    }
    for (const cycle of report.cycles.filter((c) => c.number > 1)) expect(cycle.labels.bySource.truth).toBe(0);
  });

  test('or from rows a person labelled', async () => {
    const truth = new Map(flows.map((f) => [f.ts, f.label]));
    const { report } = await run(specOf(only('flow')), [flowSource(withoutTruth)], { personOf: (flow) => truth.get(flow.ts) });
    expect(report.cycles[0]).toMatchObject({ state: 'deployed', parent: null });
    expect(report.cycles[0]!.labels.bySource.person).toBe(400);
  });

  test('or from an imported model, which goes on learning without truth', async () => {
    const { registry } = await run(specOf(), [flowSource(flows)]);
    const imported = (await registry.current('flow'))!.version;
    const { report } = await run(specOf({ ...only('flow'), parent: 'champion' }), [flowSource(withoutTruth)], { registry });
    expect(report.cycles[0]).toMatchObject({ parent: imported, labels: { noise: null } });
    expect(['deployed', 'rolled-back']).toContain(report.cycles[0]!.state);
  });

  test('and from nothing else: without trusted rows cycles are skipped, and rules run alone', async () => {
    const { labelOf: _, ...unlabelled } = captureSource(frames);
    const { report, alerts, registry } = await run(specOf(seconds(300)), [unlabelled]);
    expect(report.cycles.length).toBeGreaterThan(2);
    for (const cycle of report.cycles) {
      expect(cycle.state).toBe('skipped');
      expect(cycle.reason).toMatch(/^no trusted rows/);
    }
    expect(report.live).toEqual({ flow: null, behaviour: null });
    expect(await registry.list('flow')).toEqual([]);
    const { bySource } = await alerts.stats();
    expect(bySource.DFA).toBeGreaterThan(0);
    expect(bySource).toMatchObject({ ANN: 0, LSTM: 0 });
  });
});

test('alerts of other deployments take no part in a first champion', async () => {
  const steps = makeSteps({ flows: 400, seed: 5 });
  const extra = makeSteps({ flows: 50, seed: 9 }).map(({ row, flow }) => ({
    rows: [row],
    label: 1 as const,
    truth: undefined,
    since: flow.ts,
    until: flow.ts,
  }));
  const { flow: settings, sequence, labels: policy, gate } = specOf();
  const job = {
    learner: 'flow' as const,
    number: 1,
    window: { from: 0, to: 1 },
    seed: 7,
    trusted: null,
    alerts: [],
    steps,
    settings,
    sequence,
    policy,
    gate,
  };
  const of = async (more: object) =>
    (await runCycle({ ...job, ...more }, null, { registry: createMemoryRegistry(), train: trainHere })).record;
  expect(await of({ extra })).toEqual(await of({}));
});

describe('detection', () => {
  test('goes on while a cycle trains', async () => {
    let read = 0;
    async function* one() {
      for (const flow of flows) {
        read++;
        yield { kind: 'flows' as const, flows: [flow] };
      }
    }
    const during: number[] = [];
    const source = { name: 'flows', yields: 'flows' as const, read: one, damage: () => [] };
    await run(specOf(only('flow')), [source], {
      train: async (...job) => {
        const before = read;
        for (let turn = 0; turn < 500 && read < before + 10; turn++) await nextTurn();
        during.push(read - before);
        return trainHere(...job);
      },
    });
    expect(
      during.slice(0, 3).every((seen) => seen >= 10),
      String(during),
    ).toBe(true);
  });

  test('a swap lies between two flows: every flow is scored by exactly the version that was live', async () => {
    const { report, registry, alerts } = await run(specOf({ ...only('flow'), detector: { alertAbove: 0 } }), [flowSource(flows)]);
    const versions = await registry.list('flow');
    const swaps = report.cycles.flatMap((c) => c.swap ?? []);
    expect(swaps.length).toBeGreaterThan(1);
    const models = new Map(versions.map((v) => [v.version, { model: loadModel(v.model), encoder: loadEncoder(v.encoder) }]));
    const featurize = createFeaturizer();
    const rows = flows.map((flow) => featurize(flow));
    const expected = rows.flatMap((row, i) => {
      const version = swaps.findLast((s) => s.afterFlow <= i)?.to;
      if (version === undefined) return [];
      const { model, encoder } = models.get(version)!;
      return [[`flow@${version}`, model.predict({ x: encode(encoder, row), rows: 1, steps: 1, features: encoder.width })[0]]];
    });
    const page = await alerts.query({ rule: 'flow-score', limit: 100_000 });
    expect(page.alerts.map((a) => [a.model_version, a.score])).toEqual(expected);
  });
});
