import { NetloopError } from '../errors.js';
import type { ExperimentPorts, TimedCycle } from '../experiment.js';
import { MAX_CYCLES } from '../journal.js';
import type { LearnerStatus } from '../learner.js';
import type { AddressPrivacy } from '../privacy.js';
import { type ModelName, type Promotion, versionUnknown } from '../registry.js';
import { resolveSpec } from '../spec.js';
import { journalEvidence, promotedWhy, requirePassed } from '../stores/evidence.js';
import type { Captures } from './captures.js';
import type { ConfigChange, ConfigStore, ServiceConfig } from './config.js';
import type { EventHub } from './events.js';
import { cycleHistory, type HistoryItem, trained } from './history.js';
import { type Session, startSession } from './session.js';
import {
  idle,
  type LearnerState,
  type LearningState,
  learnerNames,
  type Reload,
  type SnifferRequest,
  type SnifferStatus,
} from './status.js';
import { openWatched, type WatchOptions } from './watched.js';
import { watchJournal } from './watched-ports.js';
import { orRulesAlone } from './watched-registry.js';

/** Detects and learns at the same time, over a source chosen at run time. One sniffer at a time. */
export interface Loop {
  /** Loads the detector and watches; learning begins by itself. @throws NL_BUSY, NL_FILE_MISSING, NL_FILE_FORMAT, NL_RIGHTS */
  start(request: SnifferRequest): Promise<SnifferStatus>;
  /** Asks the sniffer to end; what trains finishes. @throws NL_NOT_RUNNING */
  stop(): SnifferStatus;
  sniffer(): SnifferStatus;
  learning(): LearningState;
  /** Switches learners on. @throws NL_NOT_RUNNING without a sniffer to collect from */
  enable(names: readonly ModelName[]): readonly ConfigChange[];
  /** Switches learners off: their windows are forgotten, a cycle under way finishes. */
  disable(names: readonly ModelName[]): readonly ConfigChange[];
  /** Begins a cycle of each as soon as possible; gives those that will. @throws NL_NOT_RUNNING, NL_BUSY, NL_TOO_FEW */
  trainNow(names: readonly ModelName[]): readonly ModelName[] | Promise<readonly ModelName[]>;
  config(): ServiceConfig;
  configure(input: Record<string, unknown>): readonly ConfigChange[];
  /** Puts the registry's champions live. @throws NL_MODEL_CORRUPT, NL_MODEL_SCHEMA: the old ones stay */
  reload(): Promise<Reload>;
  /** Puts a version live that the gate let through; another one only by force. @throws NL_GATE, NL_MODEL_UNKNOWN */
  promote(name: ModelName, version: number, why: string, force?: 'force'): Promise<Promotion>;
  /** Back to the champion's parent, or to the version given, which was live before: the gate is not asked. @throws NL_MODEL_UNKNOWN */
  rollback(name: ModelName, why: string, version?: number): Promise<Promotion>;
  history(options: { readonly limit: number; readonly learner?: ModelName; readonly all?: boolean }): Promise<readonly HistoryItem[]>;
  /** Erases a user from what the sniffer's run holds in memory. */
  erase(user: string): void;
  /** Ends the sniffer and waits until everything is recorded. */
  close(): Promise<void>;
}

export interface LoopOptions {
  readonly ports: ExperimentPorts;
  readonly config: ConfigStore;
  readonly captures: Captures;
  readonly events: EventHub;
  /** Opens an interface; absent: this build or machine cannot. */
  readonly openInterface?: WatchOptions['openInterface'];
  /** What is done with addresses everywhere else: windows that are kept follow it. 'keep' or absent: they follow the configuration. */
  readonly privacy?: AddressPrivacy;
}

const notRunning = (what: string): NetloopError =>
  new NetloopError('NL_NOT_RUNNING', `${what}: no sniffer is running; POST /sniffer/start first`);

export async function createLoop({ ports, config, captures, events, openInterface, privacy = 'keep' }: LoopOptions): Promise<Loop> {
  const iso = (): string => new Date(ports.now()).toISOString();
  const usable = orRulesAlone(ports.registry);
  const past = (await ports.journal.history({ limit: MAX_CYCLES })).filter(trained);
  let cycles = past.length;
  let lastTraining = past.length > 0 ? new Date(past[0]!.updated).toISOString() : null;
  const versions = new Map<ModelName, number>();
  const live = new Map<ModelName, number | null>();
  for (const name of learnerNames) {
    versions.set(name, (await ports.registry.list(name)).at(-1)?.version ?? 0); // old ones may have been pruned
    live.set(name, (await usable.current(name))?.version ?? null);
  }

  let session: Session | null = null;
  let status = idle;
  let starting = false;
  const asked = new Set<ModelName>();

  const { journal, stages } = watchJournal(ports.journal, (name, stage) => {
    if (stage !== null) asked.delete(name);
    events.emit({ kind: 'status', data: { ...learning() } });
  });
  const alerts: ExperimentPorts['alerts'] = {
    ...ports.alerts,
    async append(found) {
      const added = await ports.alerts.append(found);
      for (const { id, ts, source, rule } of found.slice(-20)) events.emit({ kind: 'alert', data: { id, ts, source, rule } });
      return added;
    },
  };

  function sniffer(): SnifferStatus {
    const now = session?.progress();
    if (!session || !now) return status;
    const share = now.total === null || now.total === 0 ? null : Math.min(1, now.done / now.total);
    const capture_loss = now.loss.acks === 0 ? null : now.loss.gaps / now.loss.acks;
    return {
      ...status,
      state: session.stopping() ? 'stopping' : status.state,
      flows: now.flows,
      alerts: now.alerts,
      capture_loss,
      ts: now.ts,
      share,
    };
  }

  function learnerState(name: ModelName, statuses: readonly LearnerStatus[]): LearnerState {
    const enabled = config.get()[name].enabled;
    const found = session && !session.stopping() ? statuses.find((entry) => entry.name === name) : undefined;
    const stage = stages.get(name) ?? (enabled && found ? 'collecting' : null);
    const remaining = enabled ? (found?.remaining ?? null) : null;
    const ts = session?.progress()?.ts ?? 0;
    return {
      name,
      enabled,
      state: stages.has(name) ? 'training' : enabled && session && !session.stopping() ? 'active' : 'inactive',
      stage,
      cycle: found?.cycle ?? null,
      live: session?.detector()?.live(name)?.version ?? live.get(name) ?? null,
      flows: found?.flows ?? 0,
      elapsed: found?.elapsed ?? 0,
      remaining,
      waiting: !session ? 'no sniffer is running' : !enabled ? 'switched off' : (found?.short ?? found?.waiting ?? null),
      lost: found?.lost ?? 0,
      next_run: remaining === null || ts === 0 ? null : new Date(ts / 1e3 + remaining * 1e3).toISOString(),
    };
  }

  function learning(): LearningState {
    const ts = session?.progress()?.ts ?? 0;
    const statuses = session?.learners().map((learner) => learner.status(ts)) ?? [];
    const learners = learnerNames.map((name) => learnerState(name, statuses));
    const is = (state: LearnerState['state']): boolean => learners.some((entry) => entry.state === state);
    const state = is('training') ? 'training' : is('active') ? 'active' : 'inactive';
    return {
      enabled: state !== 'inactive',
      is_training: state === 'training',
      last_training_time: lastTraining,
      total_training_cycles: cycles,
      model_versions: [...versions.values()].reduce((a, b) => a + b, 0),
      state,
      automatic: config.get().automatic,
      learners,
    };
  }

  function onCycle({ learner, number, state, reason, version, seconds, swap }: TimedCycle): void {
    if (version !== null) versions.set(learner, Math.max(version, versions.get(learner) ?? 0));
    if (swap) live.set(learner, swap.to);
    if (state === 'deployed' || state === 'rolled-back') {
      cycles++;
      lastTraining = iso();
    }
    events.emit({ kind: 'cycle', data: { learner, number, state, reason, version, seconds } });
  }

  async function start(request: SnifferRequest): Promise<SnifferStatus> {
    if (session || starting) throw new NetloopError('NL_BUSY', 'a sniffer is running already; POST /sniffer/stop first');
    starting = true;
    const stop = new AbortController();
    try {
      const { source, datasets, name } = await openWatched(request, { captures, openInterface, stop: stop.signal });
      const { automatic: _, monitor: __, deploymentShare: ___, flow, behaviour, ...rest } = config.get();
      const on = { flow: { ...flow, enabled: true }, behaviour: { ...behaviour, enabled: true } }; // switched on and off while it runs
      const masked = privacy === 'keep' ? {} : { privacy };
      const spec = resolveSpec({
        ...rest,
        ...on,
        ...masked,
        name: 'service',
        source: { files: [name] },
        parent: 'champion',
        publish: true,
      });
      const speed = request.speed ?? 1;
      asked.clear();
      const begun = await startSession({
        spec,
        ports: { ...ports, journal, alerts, registry: usable },
        source,
        datasets,
        speed,
        stop,
        modeOf(name) {
          const { automatic, [name]: learner } = config.get();
          if (!learner.enabled) return 'off';
          return asked.has(name) ? 'now' : automatic ? 'automatic' : 'manual';
        },
        settings: config.get,
        onCycle,
      });
      session = begun;
      const { capture = null, interface: wire = null, filter = null } = request;
      status = { ...idle, state: 'running', capture, interface: wire, filter, speed: capture === null ? null : speed, started: iso() };
      events.emit({ kind: 'sniffer', data: { ...status } });
      void begun.ended.then(({ error, report }) => {
        status = { ...sniffer(), ...report, state: 'stopped', ended: iso(), error };
        session = null;
        events.emit({ kind: 'sniffer', data: { ...status } });
      });
      return status;
    } finally {
      starting = false;
    }
  }

  function switchLearners(names: readonly ModelName[], enabled: boolean): readonly ConfigChange[] {
    const over = Object.fromEntries(names.map((name) => [name, { enabled }]));
    return configure(over, enabled ? 'learning/start' : 'learning/stop');
  }

  function configure(input: Record<string, unknown>, by = 'learning/config'): readonly ConfigChange[] {
    const changes = config.change(input, by);
    for (const name of learnerNames) if (!config.get()[name].enabled) asked.delete(name);
    for (const learner of session?.learners() ?? []) if (!config.get()[learner.name].enabled) learner.clear();
    if (changes.length > 0) events.emit({ kind: 'config', data: changes });
    return changes;
  }

  function trainNow(names: readonly ModelName[]): readonly ModelName[] {
    if (!session || session.stopping()) throw notRunning('nothing to train on');
    const busy = names.filter((name) => stages.has(name) || asked.has(name));
    if (busy.length > 0) throw new NetloopError('NL_BUSY', `a cycle of ${busy.join(' and ')} is under way`);
    const ts = session.progress()?.ts ?? 0;
    const found = session.learners().filter(({ name }) => names.includes(name) && config.get()[name].enabled);
    if (found.length === 0) throw new NetloopError('NL_NOT_RUNNING', `${names.join(' and ')}: switched off; POST /learning/start first`);
    const ready = found.filter((learner) => learner.due(ts, true));
    if (ready.length === 0) {
      throw new NetloopError('NL_TOO_FEW', found.map((learner) => `${learner.name}: ${learner.status(ts).short}`).join('; '));
    }
    for (const { name } of ready) asked.add(name);
    return ready.map(({ name }) => name);
  }

  async function reload(): Promise<Reload> {
    const models: Reload['models'][number][] = [];
    for (const name of learnerNames) {
      const champion = await ports.registry.current(name);
      const detector = session?.detector() ?? null;
      const before = detector ? (detector.live(name)?.version ?? null) : (live.get(name) ?? null);
      const changed = champion !== null && champion.version !== before;
      if (changed) detector?.swap(champion);
      live.set(name, champion?.version ?? null);
      models.push({ name, version: champion?.version ?? null, changed });
    }
    events.emit({ kind: 'status', data: { ...learning() } });
    return { watching: session !== null, models };
  }

  return {
    start,
    stop() {
      if (!session) throw notRunning('nothing to stop');
      session.stop();
      return { ...sniffer(), state: 'stopping' };
    },
    sniffer,
    learning,
    enable(names) {
      if (!session || session.stopping()) throw notRunning('nothing to collect from');
      return switchLearners(names, true);
    },
    disable: (names) => switchLearners(names, false),
    trainNow,
    config: config.get,
    configure: (input) => configure(input),
    reload,
    async promote(name, version, why, force) {
      const found = (await ports.registry.list(name)).find((one) => one.version === version);
      if (!found) throw versionUnknown(name, version);
      const evidence = await journalEvidence(ports.journal, found);
      if (!force) requirePassed({ version: found, evidence }, 'force, with a reason, promotes it all the same');
      const promotion = await ports.registry.promote(name, version, promotedWhy(evidence, why));
      await reload();
      return promotion;
    },
    async rollback(name, why, version) {
      const { registry } = ports;
      const promotion = await (version === undefined ? registry.rollback(name, why) : registry.promote(name, version, why));
      await reload();
      return promotion;
    },
    history: (options) => cycleHistory(ports.journal, options),
    erase: (user) => session?.erase(user),
    async close() {
      session?.stop();
      await session?.ended;
    },
  };
}
