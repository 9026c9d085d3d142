import type { AlertStore } from '../alert.js';
import { runCycle } from '../cycle.js';
import { isNetloopError, NetloopError } from '../errors.js';
import type { ExperimentPorts, TimedCycle } from '../experiment.js';
import { summary } from '../experiment-record.js';
import type { FeedbackStore } from '../feedback.js';
import type { CycleState } from '../journal.js';
import { createAlertReader } from '../others.js';
import type { Mask } from '../privacy.js';
import { createRandom } from '../random.js';
import { recoverCycles } from '../recover.js';
import type { Lease } from '../stores/lease.js';
import type { ServiceConfig } from './config.js';
import { readWords } from './words.js';

/** What a learner on many deployments' alerts writes to: a set of ports for each lease, which refuse a stale one. */
export type LearnerPorts = Pick<ExperimentPorts, 'registry' | 'journal' | 'trusted' | 'train' | 'cycle'>;

/** Learns the flow model from the alerts of all deployments, beside everything else. */
export interface HubLearner {
  /** Looks once: learns when the interval has passed and there is enough. The cycle, or why there is none. */
  turn(now?: 'now'): Promise<TimedCycle | string>;
  /** Begins a cycle now: null once it is under way, or why none begins. @throws NL_BUSY while one is under way */
  start(): Promise<string | null>;
  /** Where the cycle stands that is under way here; why none was at the last look, and when the next is due (ISO). */
  state(): { readonly stage: CycleState | null; readonly waiting: string | null; readonly next: string | null };
  close(): Promise<void>;
}

export interface HubLearnerOptions {
  /** Takes the right to learn; null while another replica has it. */
  readonly lease: () => Promise<Lease | null>;
  readonly ports: (lease: Lease) => LearnerPorts;
  readonly alerts: Pick<AlertStore, 'query'>;
  readonly feedback: Pick<FeedbackStore, 'labels'> & { readonly key: string };
  readonly mask: Pick<Mask, 'mode'>;
  readonly config: () => Pick<ServiceConfig, 'flow' | 'labels' | 'gate' | 'sequence' | 'automatic' | 'deploymentShare'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds between looks (default 10 000). */
  readonly every?: number;
  readonly onCycle?: (cycle: TimedCycle) => void;
  readonly onTrouble?: (trouble: unknown) => void;
  /** Hears of the end of every look. */
  readonly onLook?: () => void;
}

/** One cycle at most at a time, here and, by the lease, anywhere. A replica that dies in a cycle leaves the lease; the next one cleans up. */
export function createHubLearner(options: HubLearnerOptions): HubLearner {
  const { alerts, feedback, mask, config, now, every = 10_000, onCycle = () => {}, onTrouble = () => {}, onLook = () => {} } = options;
  let lease: Lease | null = null;
  let open = true;
  let turning: Promise<TimedCycle | string> | null = null;
  let stage: CycleState | null = null;
  let waiting: string | null = null;
  let next: string | null = null;
  let onBegun: (() => void) | null = null;

  async function learn(ports: LearnerPorts, skipInterval: boolean): Promise<TimedCycle | string> {
    const { registry, journal, trusted } = ports;
    const { flow, labels: policy, gate, sequence, automatic, deploymentShare: share } = config();
    if (!flow.enabled || (!automatic && !skipInterval)) return 'switched off';
    const champion = await registry.current('flow');
    if (!champion) return 'no champion yet: import a model, or learn a first one from labelled traffic';
    const [last] = await journal.history({ learner: 'flow', limit: 1 });
    const since = last?.updated ?? 0;
    const left = 'seconds' in flow.every ? since + flow.every.seconds * 1e3 - now() : 0;
    next = left > 0 ? new Date(now() + left).toISOString() : null;
    if (left > 0 && !skipInterval) return `next cycle in ${Math.ceil(left / 1e3)} s`;
    const words = () => readWords(feedback, mask);
    const reader = await createAlertReader(alerts, journal, { most: flow.maxHistory, share, policy, deployment: '', words });
    const { samples, cursor } = await reader.read();
    if (samples.length < flow.minSamples) return `need ${flow.minSamples} new alerts, have ${samples.length}`;
    const at = now();
    const number = (last?.number ?? 0) + 1;
    const window = { from: samples[0]!.since, to: samples.at(-1)!.until };
    const id = await journal.begin({ learner: 'flow', number, window, parent: champion.version, run: null });
    stage = 'labelling';
    onBegun?.();
    const job = { learner: 'flow', number, window, steps: [], alerts: [], extra: samples, settings: flow, sequence, policy, gate } as const;
    const seed = createRandom(1).fork(`hub flow cycle ${number}`).bits();
    const { record, version } = await (ports.cycle ?? runCycle)({ ...job, seed, trusted: await trusted.load('flow') }, champion, {
      registry,
      train: ports.train,
      onState: (state, data) => {
        stage = state;
        return journal.advance(id, state, state === 'validating' ? { ...data, [reader.mark]: cursor } : data);
      },
    });
    const swap = version ? { name: 'flow' as const, from: champion.version, to: version.version, afterFlow: 0 } : null;
    const cycle: TimedCycle = { ...record, seconds: (now() - at) / 1e3, swap };
    await journal.advance(id, 'cleaned', summary(cycle));
    onCycle(cycle);
    return cycle;
  }

  async function once(skipInterval: boolean): Promise<TimedCycle | string> {
    if (lease && !lease.held()) {
      await lease.release();
      lease = null;
    }
    if (!lease) {
      lease = await options.lease();
      if (!lease) return 'another replica learns';
      const { journal, registry } = options.ports(lease);
      await recoverCycles(journal, registry); // what the last holder left
    }
    return learn(options.ports(lease), skipInterval);
  }

  function turn(mode?: 'now'): Promise<TimedCycle | string> {
    turning ??= once(mode === 'now')
      .then((got) => {
        waiting = typeof got === 'string' ? got : null;
        return got;
      })
      .finally(() => {
        turning = null;
        stage = null;
        onLook();
      });
    return turning;
  }
  let told = '';
  const timer = setInterval(() => {
    turn().then(
      () => {
        told = '';
      },
      (error: unknown) => {
        const what = isNetloopError(error) ? error.code : String(error);
        if (open && what !== told) onTrouble(error); // an outage is told once
        told = what;
      },
    );
  }, every).unref();

  return {
    turn,
    state: () => ({ stage, waiting, next }),
    async start() {
      if (stage !== null) throw new NetloopError('NL_BUSY', 'a cycle of flow is under way');
      await turning?.catch(() => {}); // a look that finds nothing to do
      return new Promise((resolve, reject) => {
        onBegun = () => resolve(null);
        turn('now')
          .then(
            (got) => resolve(typeof got === 'string' ? got : null),
            (error: unknown) => {
              reject(error);
              onTrouble(error);
            },
          )
          .finally(() => {
            onBegun = null;
          });
      });
    },
    async close() {
      open = false;
      clearInterval(timer);
      await turning?.catch(() => {});
      await lease?.release();
      lease = null;
    },
  };
}
