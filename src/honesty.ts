import { createCoverage } from './attest.js';
import type { CycleJob } from './cycle.js';
import { isNetloopError, NetloopError } from './errors.js';
import type { ExperimentReport } from './experiment.js';
import { type HonestyCard, type LearnerCard, learnerCard, warningsOf } from './honesty-card.js';
import { label } from './label.js';
import type { ModelName, ModelVersion, Registry } from './registry.js';
import { createRiskCoverage } from './risk-coverage.js';
import type { Source } from './source.js';
import type { Leak, Spec } from './spec.js';
import type { DatasetInput, Tracking } from './tracking.js';
import type { Trusted } from './trusted.js';

/** Rows of a window that may have ended before the newest row learnt: flow tables and logs give a silent flow late. */
const MOST_LATE = 0.05;

const names: readonly ModelName[] = ['flow', 'behaviour'];

/** Names of what the lineage of a version was made from, that also goes into this run. */
async function seenData(
  champion: ModelVersion,
  registry: Registry,
  tracking: Tracking,
  datasets: readonly DatasetInput[],
): Promise<string[]> {
  if (datasets.length === 0) return [];
  const versions = new Map((await registry.list(champion.name)).map((v) => [v.version, v]));
  const learnt = new Set<string>();
  const known = new Set<string>();
  for (let v: ModelVersion | undefined = champion; v; v = v.parent === null ? undefined : versions.get(v.parent)) {
    const [cycle] = v.run === null ? [] : await tracking.runs({ id: v.run });
    if (!cycle?.parent || known.has(cycle.parent)) continue;
    known.add(cycle.parent);
    const [run] = await tracking.runs({ id: cycle.parent });
    for (const { sha256 } of run?.datasets ?? []) learnt.add(sha256);
  }
  return datasets.filter(({ sha256 }) => learnt.has(sha256)).map(({ name }) => name);
}

/**
 * Watches a run for tests on what was learnt, and writes its card. What the spec does not allow is refused, but not on a wire or under
 * somebody's hands: nobody could put that in order.
 */
export function createHonesty(
  spec: Pick<Spec, 'allow' | 'baseRate' | 'behaviour' | 'flows' | 'labels'>,
  opened: { readonly sources: readonly Source[]; readonly datasets: readonly DatasetInput[] },
  refuses = true,
) {
  const untimed = opened.sources.some((source) => source.untimed);
  const leaks: { leak: Leak; what: string }[] = [];
  const perLearner = () => ({
    learntUntil: Number.NEGATIVE_INFINITY,
    windows: 0,
    rows: 0,
    late: 0,
    from: null as number | null,
    risk: createRiskCoverage(),
  });
  const seen = { flow: perLearner(), behaviour: perLearner() };

  function found(leak: Leak, what: string, mend: string): void {
    if (refuses && !spec.allow.includes(leak)) {
      throw new NetloopError('NL_SPEC', `${what}: ${mend}, or say allow: [${leak}] and it stands on the run's honesty card`);
    }
    if (leaks.length < 100) leaks.push({ leak, what });
  }

  return {
    /** Called before anything is read. @throws NL_SPEC */
    async begin(
      champions: readonly { readonly version: ModelVersion; readonly trusted: Trusted | null }[],
      { registry, tracking }: { registry: Registry; tracking: Tracking },
    ): Promise<void> {
      if (untimed && spec.behaviour.enabled) {
        const what =
          "the source has no time and no users, so its rows in a sequence, and a user's sequences on both sides of a split, are random";
        found('random-split', what, 'set behaviour.enabled to false');
      }
      for (const { version: champion, trusted } of champions) {
        const own = seen[champion.name];
        own.from = champion.version;
        own.learntUntil = (trusted?.origins?.reservoir.ts ?? []).reduce((t, ts) => Math.max(t, ts), own.learntUntil);
        const again = await seenData(champion, registry, tracking, opened.datasets).catch((error: unknown) => {
          // Records that are out of reach keep nobody from watching; the card says that this was not looked into.
          if (refuses || !isNetloopError(error)) throw error;
          const what = `what ${champion.name}@${champion.version} was fitted on could not be asked for (${error.code} ${error.message})`;
          leaks.push({ leak: 'fitted-on-test', what });
          return [];
        });
        if (again.length === 0) continue;
        const what = `${champion.name}@${champion.version}, its scaler too, was fitted on ${again.join(', ')}, which this run tests on`;
        found('fitted-on-test', what, 'give traffic it has not seen, or start a new lineage with parent: none');
      }
    },
    /** Called with every window before it is scored. @throws NL_SPEC */
    window(
      { learner, number, steps, alerts, policy }: Pick<CycleJob, 'learner' | 'number' | 'steps' | 'alerts' | 'policy'>,
      first: boolean,
    ): void {
      const own = seen[learner];
      const ends = steps.map(({ flow }) => flow.ts + flow.duration);
      if (!first) {
        const late = ends.filter((end) => end < own.learntUntil - spec.flows.idle * 1e6).length;
        own.windows++;
        own.rows += ends.length;
        own.late += late;
        if (late > MOST_LATE * ends.length) {
          const what = `${late} of the ${ends.length} flows that ${learner} cycle ${number} is tested on ended before what it has learnt`;
          found('test-before-training', what, 'name files in the order of time, or set source.sort to end');
        }
        const covered = createCoverage(alerts, steps);
        const everything = { ...policy, attackAbove: 0.5, benignBelow: 0.5 };
        for (const step of steps) {
          if (step.flow.label === undefined) continue;
          const rule = (step.rule === undefined ? covered(step) : step.rule) !== null;
          const given = label({ rule, score: step.score }, everything);
          if (given.label !== null) own.risk.add(given.confidence, given.label !== step.flow.label);
        }
      }
      // Held-out rows count as learnt: a gate that chose by them has seen them.
      own.learntUntil = ends.reduce((t, end) => Math.max(t, end), own.learntUntil);
    },
    /** The card of the run that has ended. */
    card({ cycles, prequential }: Pick<ExperimentReport, 'cycles' | 'prequential'>): HonestyCard {
      const learners: Partial<Record<ModelName, LearnerCard>> = {};
      const warnings: string[] = leaks.map(({ leak, what }) => `allowed, ${leak}: ${what}`);
      for (const name of names) {
        const own = cycles.filter((c) => c.learner === name);
        if (own.length === 0) continue;
        const card = learnerCard(own, prequential[name], { ...seen[name], risk: seen[name].risk.read(), baseRate: spec.baseRate, untimed });
        learners[name] = card;
        warnings.push(...warningsOf(name, card, spec.baseRate));
      }
      return { baseRate: spec.baseRate, leaks, learners, warnings };
    },
  };
}
