import { NetloopError } from '../errors.js';
import { type CycleJournal, MAX_CYCLES } from '../journal.js';
import type { ModelName } from '../registry.js';
import { trained } from './history.js';
import type { HubLearner } from './hub-learner.js';
import type { Loop } from './loop.js';
import type { LearnerState, LearningState } from './status.js';

/** A replica's loop, and the way to look again at what other replicas have learnt meanwhile. */
export interface HubLoop extends Loop {
  refresh(): Promise<void>;
}

/**
 * The loop of a hub's replica: its flow learner is the one that learns from everybody's alerts, and needs no sniffer to collect from.
 * Cycles are counted by the journal that all replicas share.
 */
export function createHubLoop(
  loop: Loop,
  { learner, journal }: { readonly learner: HubLearner; readonly journal: Pick<CycleJournal, 'history'> },
): HubLoop {
  const before = loop.learning();
  let cycles = before.total_training_cycles;
  let last = before.last_training_time;
  let versions = before.model_versions;
  let newest: string | null = null;

  function learning(): LearningState {
    const own = loop.learning();
    const { enabled } = loop.config().flow;
    const { stage, waiting, next } = learner.state();
    const flow = {
      enabled,
      state: !enabled ? 'inactive' : stage ? 'training' : 'active',
      stage: stage ?? (enabled ? 'collecting' : null),
      waiting: enabled ? waiting : 'switched off',
      next_run: enabled ? next : null,
    } as const;
    const learners = own.learners.map((one): LearnerState => (one.name === 'flow' ? { ...one, ...flow } : one));
    const is = (state: LearnerState['state']): boolean => learners.some((one) => one.state === state);
    const state = is('training') ? 'training' : is('active') ? 'active' : 'inactive';
    const is_training = state === 'training';
    const told = { total_training_cycles: cycles, last_training_time: last, model_versions: versions };
    return { ...own, ...told, enabled: state !== 'inactive', is_training, state, learners };
  }

  /** Those of the names that a sniffer's learner answers for: without a sniffer it is no fault that it cannot. */
  const others = (names: readonly ModelName[]): readonly ModelName[] =>
    loop.sniffer().state === 'stopped' && names.length > 1 ? [] : names.filter((name) => name !== 'flow');

  return {
    ...loop,
    learning,
    enable(names) {
      const own = others(names);
      const changes = names.includes('flow') ? loop.configure({ flow: { enabled: true } }) : [];
      return own.length > 0 ? [...changes, ...loop.enable(own)] : changes;
    },
    async trainNow(names) {
      const own = others(names);
      const begun = own.length > 0 ? [...(await loop.trainNow(own))] : [];
      if (!names.includes('flow')) return begun;
      if (!loop.config().flow.enabled) throw new NetloopError('NL_NOT_RUNNING', 'flow: switched off; POST /learning/start first');
      const why = await learner.start();
      if (why !== null) throw new NetloopError('NL_TOO_FEW', `flow: ${why}`);
      return [...begun, 'flow'];
    },
    async refresh() {
      const [found] = await journal.history({ learner: 'flow', limit: 1 });
      if (!found || found.outcome === null || found.id === newest) return;
      const past = (await journal.history({ limit: MAX_CYCLES })).filter(trained);
      newest = found.id;
      cycles = past.length;
      last = past[0] ? new Date(past[0].updated).toISOString() : null;
      versions = before.model_versions + Math.max(0, cycles - before.total_training_cycles); // each that trained left one
      await loop.reload(); // what another replica put live
    },
  };
}
