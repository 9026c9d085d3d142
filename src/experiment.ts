import type { AlertStore } from './alert.js';
import { evidenceOf } from './attest.js';
import { type Contender, createScoreboard } from './baseline.js';
import { type CycleJob, type CycleRecord, type CycleResult, runCycle, type Train } from './cycle.js';
import { createCycleLimit } from './cycle-limit.js';
import { createDetector, type Detector, type Scored, type Step, type SwapRecord } from './detector.js';
import { createErasures } from './erasures.js';
import type { Metrics } from './evaluate.js';
import { type CodeFile, clockOf, cycleLog, hashTags, runHashes, runMetrics, specParams, startTag, summary } from './experiment-record.js';
import { createFeaturizer } from './featurize.js';
import { type FeedbackStore, keysOf } from './feedback.js';
import { BROUGHT, FIRST_MODEL, type FirstModel, recordFirst } from './first-model.js';
import type { Flow } from './flow.js';
import { forget } from './forget.js';
import { canonical } from './hash.js';
import { createHonesty } from './honesty.js';
import type { HonestyCard } from './honesty-card.js';
import type { CycleJournal } from './journal.js';
import { keptWindow, type WindowStore } from './kept-window.js';
import { createLearner, type Learner, type LearnerChange } from './learner.js';
import { addInParts, type Ledger } from './ledger.js';
import { createAlertReader } from './others.js';
import { createRandom } from './random.js';
import type { ModelName, ModelVersion, Registry } from './registry.js';
import { createRules } from './rules/all.js';
import type { Source } from './source.js';
import type { Spec } from './spec.js';
import type { DatasetInput, Tracking } from './tracking.js';
import type { Trusted, TrustedStore } from './trusted.js';
import { type LearningMode, type Pupil, pupilsTrusted, type WalkProgress, type WalkReport, walk } from './walk.js';

export type { TrustedStore } from './trusted.js';

/** Somebody at the controls of a run under way. What is done by hand is not in the spec, so such a run cannot be run again to the bit. */
export interface Controls {
  modeOf(name: ModelName): LearningMode;
  /** What learners go on with when their next window begins. */
  settings(): LearningSpec;
  /** Told once, before the first event, what is watching and learning. The detector may be swapped between any two events. */
  ready(live: {
    readonly detector: Detector;
    readonly learners: readonly Learner[];
    /** Erases a user from what the run holds in memory, up to this capture time (microseconds since the epoch). */
    readonly erase: (user: string, until: number) => void;
  }): void;
}

/** The part of a spec that learners go by. */
export type LearningSpec = Pick<Spec, 'flow' | 'behaviour' | 'sequence' | 'labels' | 'gate' | 'keep' | 'privacy' | 'retention'>;

/** Everything at the edge that an experiment needs. */
export interface ExperimentPorts {
  readonly open: (spec: Spec['source']) => Promise<{ sources: readonly Source[]; datasets: readonly DatasetInput[] }>;
  readonly registry: Registry;
  readonly tracking: Tracking;
  readonly journal: CycleJournal;
  readonly alerts: AlertStore;
  readonly trusted: TrustedStore;
  readonly train: Train;
  /** Brings the models that lineages begin with; recorded, so that a rerun has them too. Absent: netloop's own. */
  readonly first?: FirstModel;
  /** Where automatic labels are kept, and the key of all ids; absent: nowhere. */
  readonly ledger?: Ledger & { readonly key: string };
  /** What people said; read when a cycle begins, so that a word on a flow counts until its window is learnt. Absent: nobody was asked. */
  readonly feedback?: FeedbackStore;
  /** The same by another way, before `feedback`: undefined where nobody spoke. */
  readonly personOf?: (flow: Flow) => 0 | 1 | undefined;
  /** Where windows are kept, when the spec says so. */
  readonly windows?: WindowStore;
  /** Where a cycle runs: beside detection, or (absent) here. */
  readonly cycle?: typeof runCycle;
  /** Lets others have their turn; absent: nobody waits. */
  readonly breathe?: () => Promise<unknown>;
  /** Recorded as tags: code, lockfile, Node, platform, kernel. */
  readonly environment: Readonly<Record<string, string>>;
  /** Recorded as artifacts: what no commit holds of the code. Absent: nothing of it. */
  readonly code?: readonly CodeFile[];
  /** Tracking run of the group that this run belongs to. */
  readonly parent?: string;
  /** Milliseconds, for the seconds shown; nothing learnt depends on it. */
  readonly now: () => number;
  /** Microseconds from any beginning, for the latencies of swaps. Absent: they are not taken. */
  readonly clock?: () => number;
  readonly onProgress?: (progress: WalkProgress) => void;
  readonly onCycle?: (cycle: TimedCycle) => void;
  /** Told of every answer of a live model, and of every closed flow after its answers; neither may take long. */
  readonly onScore?: (scored: Scored) => void;
  readonly onStep?: (step: Step) => void;
  readonly signal?: AbortSignal;
  /** Absent: the spec alone decides. */
  readonly controls?: Controls;
}

export type TimedCycle = CycleRecord & { readonly seconds: number; readonly swap: SwapRecord | null };

export interface ExperimentReport extends WalkReport {
  readonly run_id: string;
  readonly name: string;
  readonly cycles: readonly TimedCycle[];
  /** Cycles before these, of a live run that went on for long: each lies with its own tracking run. */
  readonly earlier?: number;
  /** Prequential metrics of each learner beside its baselines; null without truth or champion. */
  readonly prequential: Readonly<Record<ModelName, Readonly<Record<Contender, Metrics>> | null>>;
  /** The detector's versions at the end. */
  readonly live: Readonly<Record<ModelName, number | null>>;
  /** SHA-256 over all cycles, hex: equal for equal spec, data and seed. */
  readonly hashes: CycleRecord['hashes'];
  /** Absent in what an older netloop recorded. */
  readonly honesty?: HonestyCard;
  readonly seconds: number;
}

const learners: readonly ModelName[] = ['flow', 'behaviour'];

/** Cycles of a wire that are held in memory, the newest: a wire does not end. */
const MAX_HELD = 500;

export { specParams, startTag } from './experiment-record.js';

/** What a learner is made of. */
function learnerOptions(spec: LearningSpec, name: ModelName) {
  const { enabled: _, ...settings } = spec[name];
  const replay = spec.keep === 'none' ? 0 : settings.replay;
  return { ...settings, replay, sequence: spec.sequence, policy: spec.labels, gate: spec.gate };
}

/**
 * Runs one experiment: replays its sources through detector and cycles, and records everything.
 * Same spec, data and seed: same `hashes`, on any machine.
 */
export async function runExperiment(spec: Spec, ports: ExperimentPorts): Promise<ExperimentReport> {
  const { registry, tracking, journal, now, controls } = ports;
  const started = now();
  const { sources, datasets } = await ports.open(spec.source);
  const run = await tracking.start({
    experiment: spec.name,
    name: `${spec.name} seed ${spec.seed}`,
    parent: ports.parent,
    tags: { ...ports.environment, 'netloop.clock': clockOf(sources), 'netloop.seed': String(spec.seed) },
  });
  const cycles: TimedCycle[] = [];
  const marks: Pick<CycleRecord, 'learner' | 'number' | 'hashes'>[] = [];
  const boards = { flow: createScoreboard(), behaviour: createScoreboard() };
  const random = createRandom(spec.seed);
  const pupils: Pupil[] = [];
  const limit = createCycleLimit(
    spec.cycles.most,
    learners.filter((name) => spec[name].enabled),
  );
  const modeOf = (name: ModelName): LearningMode => (limit.spent(name) ? 'off' : (controls?.modeOf(name) ?? 'automatic'));
  const live = sources.some((source) => source.live);
  const honesty = createHonesty(spec, { sources, datasets }, !live && !controls);

  const detector = createDetector({
    rules: createRules(),
    featurize: createFeaturizer(spec.features),
    by: spec.sequence.by,
    alertAbove: spec.detector.alertAbove,
    clock: ports.clock,
    onScore: ports.onScore,
    onStep: (step) => {
      for (const { learner } of pupils) if (modeOf(learner.name) !== 'off') learner.observe(step);
      ports.onStep?.(step);
    },
  });

  try {
    await tracking.log(run, { params: specParams(spec), datasets, tags: { 'netloop.spec': canonical(spec) } });
    await tracking.artifact(run, 'spec.json', JSON.stringify(spec, null, 2));
    for (const { path, bytes } of ports.code ?? []) await tracking.artifact(run, path, bytes);
    const found: { version: ModelVersion; trusted: Trusted | null }[] = [];
    for (const name of learners) {
      // Switched off is its learning: a champion that is there goes on watching.
      const champion = spec.parent === 'champion' ? await registry.current(name) : null;
      if (champion) {
        detector.swap(champion);
        await tracking.log(run, { tags: { [startTag(name)]: String(champion.version) } });
      }
      if (!spec[name].enabled) continue;
      const learner = createLearner({
        ...learnerOptions(spec, name),
        name,
        renew: controls && ((): LearnerChange => learnerOptions(controls.settings(), name)),
        seedOf: (cycle) => random.fork(`${name} cycle ${cycle}`).bits(),
      });
      const trusted = champion ? await ports.trusted.load(name) : null;
      pupils.push({ learner, trusted });
      if (champion) found.push({ version: champion, trusted });
    }
    await honesty.begin(found, ports);

    const others = await createAlertReader(ports.alerts, journal, { most: spec.flow.maxHistory, policy: spec.labels });
    const ledger = spec.keep === 'none' ? undefined : ports.ledger;
    const key = ports.ledger?.key ?? '';
    const keys = ledger && keysOf(key);
    const erasures = createErasures(key);
    const erase = (user: string, until: number): void => erasures.erase(user, until, pupils);
    controls?.ready({ detector, learners: pupils.map(({ learner }) => learner), erase });
    const windows = new Map<string, string>(); // cycle label -> journal id
    const cycleRuns = new Map<string, { run: string; id: string; at: number }>();
    const labelOf = (name: ModelName, cycle: number): string => `${name} cycle ${cycle}`;
    const report = await walk({
      sources: limit.sources(sources),
      detector,
      pupils,
      settle: spec.settle,
      traffic: { idle: spec.flows.idle, active: spec.flows.active, maxFlows: spec.flows.maxFlows },
      onAlerts: (alerts) => ports.alerts.append(alerts),
      onWindow: async (name, cycle, from) => {
        const parent = detector.live(name)?.version ?? null;
        windows.set(labelOf(name, cycle), await journal.begin({ learner: name, number: cycle, window: { from, to: from }, parent, run }));
      },
      runCycle: async (taken): Promise<CycleResult> => {
        const at = now();
        limit.begin(taken.learner);
        honesty.window(taken, detector.live(taken.learner) === null);
        const job = erasures.job({ ...taken, ...(await evidenceOf(taken, { ...ports, key })) });
        const label = labelOf(job.learner, job.number);
        const id = windows.get(label)!;
        windows.delete(label);
        const child = await tracking.start({ experiment: spec.name, name: label, parent: run, tags: { 'netloop.learner': job.learner } });
        cycleRuns.set(label, { run: child, id, at });
        const champion = detector.live(job.learner);
        const found = job.learner === 'flow' && champion ? await others.read() : null;
        const whole: CycleJob = found ? { ...job, extra: found.samples } : job;
        if ((controls?.settings() ?? spec).keep === 'window') {
          await ports.windows?.keep(
            run,
            await keptWindow(whole, champion?.version ?? null, { privacy: spec.privacy, key, breathe: ports.breathe }),
          );
        }
        const result = await (ports.cycle ?? runCycle)(whole, champion, {
          registry,
          train: ports.train,
          first:
            ports.first &&
            recordFirst(ports.first, async (text) => {
              await tracking.log(run, { tags: { [BROUGHT]: 'true' } });
              await tracking.artifact(child, FIRST_MODEL, text);
            }),
          run: child,
          signal: ports.signal,
          onLabels: ledger && ((entries) => addInParts(ledger, erasures.labels(entries), ports.breathe)),
          keys,
          onState: async (state, data) => {
            const learnt = state === 'validating' && found !== null;
            await journal.advance(id, state, learnt ? { ...data, [others.mark]: found.cursor } : data);
            if (learnt) others.done(found.cursor);
          },
        });
        return erasures.result(result);
      },
      onCycle: async (result, swap) => {
        const { record } = result;
        const entry = cycleRuns.get(labelOf(record.learner, record.number))!;
        const timed: TimedCycle = { ...record, seconds: (now() - entry.at) / 1000, swap };
        cycles.push(timed);
        if (record.reproducible === false) await tracking.log(run, { tags: { 'netloop.reproducible': 'false' } });
        marks.push({ learner: record.learner, number: record.number, hashes: record.hashes });
        if (live && cycles.length > MAX_HELD) cycles.shift();
        if (result.scores) boards[record.learner].add(result.scores);
        if (result.trusted) await ports.trusted.save(record.learner, result.trusted);
        await tracking.log(entry.run, cycleLog(timed));
        await tracking.artifact(entry.run, 'cycle.json', JSON.stringify(timed, null, 2));
        await tracking.finish(entry.run, record.state === 'failed' ? 'FAILED' : 'FINISHED');
        await journal.advance(entry.id, 'cleaned', summary(timed));
        if (spec.retention.days !== null) {
          const clock = live ? now() * 1000 : record.window.to;
          const places = { ...ports, ledger, key, alerts: undefined, trusted: pupilsTrusted(pupils, ports.trusted) };
          await forget({ before: clock - spec.retention.days * 86_400e6 }, places);
        }
        ports.onCycle?.(timed);
      },
      onProgress: ports.onProgress,
      modeOf,
      signal: ports.signal,
    });

    for (const id of windows.values()) {
      await journal.advance(id, 'skipped', { reason: 'the source ended while it was collecting' });
      await journal.advance(id, 'cleaned', {});
    }
    // Cancelled while the last cycle trained: the walk has ended, but this is not the run that was asked for.
    ports.signal?.throwIfAborted();
    const prequential = { flow: boards.flow.metrics(), behaviour: boards.behaviour.metrics() };
    const result: ExperimentReport = {
      ...report,
      run_id: run,
      name: spec.name,
      cycles,
      ...(marks.length > cycles.length ? { earlier: marks.length - cycles.length } : {}),
      prequential,
      live: { flow: detector.live('flow')?.version ?? null, behaviour: detector.live('behaviour')?.version ?? null },
      hashes: runHashes(marks),
      honesty: honesty.card({ cycles, prequential }),
      seconds: (now() - started) / 1000,
    };
    await tracking.log(run, { metrics: runMetrics(prequential), tags: hashTags(result.hashes) });
    await tracking.artifact(run, 'honesty.json', JSON.stringify(result.honesty, null, 2));
    await tracking.artifact(run, 'report.json', JSON.stringify(result, null, 2));
    await tracking.finish(run, 'FINISHED');
    return result;
  } catch (error) {
    await tracking.finish(run, ports.signal?.aborted ? 'KILLED' : 'FAILED').catch(() => {}); // the first error is the one to tell
    throw error;
  } finally {
    detector.dispose();
  }
}
