import type { Scored } from '../detector.js';
import { createAdwin } from '../drift/adwin.js';
import type { ExperimentPorts } from '../experiment.js';
import type { ModelName, Registry } from '../registry.js';
import type { ServiceConfig } from './config.js';
import { createDegradations, type Degradation, type Finding } from './degradation.js';
import { createModelHealth, type ModelHealth } from './model-health.js';
import { createProbation, type Probation } from './probation.js';
import { learnerNames } from './status.js';
import { createTimeline, type Sample } from './timeline.js';
import type { DamagedChampion } from './watched-registry.js';

/** A live model's health, with what people said and how its watch window goes. */
export interface MonitoredModel extends ModelHealth {
  readonly name: ModelName;
  /** Judged alerts of this version, and the share of them that people called right; null before enough are judged. */
  readonly judged: number;
  readonly precision: number | null;
  readonly probation: { readonly version: number; readonly previous: number; readonly seen: number; readonly of: number } | null;
}

export interface MonitorState {
  readonly samples: readonly Sample[];
  readonly models: readonly MonitoredModel[];
  readonly degradations: readonly Degradation[];
  readonly rollbacks: number;
}

export interface Monitor {
  /** The same ports, and what passes through them is watched. */
  watch<Ports extends ExperimentPorts>(ports: Ports): Ports;
  /** Running totals of the sniffer, now. */
  note(totals: { readonly flows: number; readonly alerts: number }): void;
  /** A person judged an alert of a model. */
  judged(model: string | null, right: boolean): void;
  /** A champion was asked for: another version came in its place, or none did; null: all is well. */
  champion(name: ModelName, damaged: DamagedChampion | null): void;
  state(): MonitorState;
  close(): void;
}

export interface MonitorOptions {
  readonly registry: Registry;
  readonly config: () => ServiceConfig;
  readonly now: () => number;
  readonly personOf?: ExperimentPorts['personOf'];
  /** Puts a version live again; told why. */
  readonly rollBack: (name: ModelName, version: number, why: string) => Promise<unknown>;
  /** Hears of every degradation that begins or ends. */
  readonly onChange: (degradation: Degradation) => void;
  readonly onError?: (error: unknown) => void;
}

/** Answers of the flow model whose alerts are counted together, and judgements that a precision looks back on. */
const BUCKET = 100;
const JUDGEMENTS = 500;
const MOST_VERSIONS = 100;

/**
 * Watches live models without labels: how their scores lie (PSI against the first window of the version), whether they agree with the
 * rules, whether the rate of alerts has changed, what people say of their alerts; and every promotion for a while, beside its predecessor,
 * which takes over again when the new version does worse than the gate allows.
 */
export function createMonitor({ registry, config, now, personOf, rollBack, onChange, onError = () => {} }: MonitorOptions): Monitor {
  const settings = config().monitor;
  const alertAbove = (): number => config().detector.alertAbove;
  const timeline = createTimeline();
  const degradations = createDegradations({ now, onChange });
  const healthOf = new Map(
    learnerNames.map((name) => [name, createModelHealth({ window: settings.window, alertAbove, perFlow: name === 'flow' })]),
  );
  const probations = new Map<ModelName, Probation>();
  const live = new Map<ModelName, number>();
  const judgements = new Map<string, boolean[]>();
  let rollbacks = 0;
  const rate = createAdwin({ clock: 1 });
  let [answers, raised, quiet] = [0, 0, 0];

  /** A limit of null is not watched. */
  function hold(
    finding: Omit<Finding, 'bound' | 'message'>,
    limit: number | null,
    bad: (value: number, limit: number) => boolean,
    tell: string,
  ): void {
    const { kind, learner, value, version } = finding;
    if (value === null) return;
    const wrong = limit !== null && bad(value, limit);
    const bound = `${kind === 'precision' ? '>=' : '<='} ${limit}`;
    const message = `${learner}@${version}: ${tell} ${value.toFixed(3)}, expected ${bound}`;
    degradations.set(kind, learner, wrong ? { ...finding, bound, message } : null);
  }

  function windowEnded(learner: ModelName): void {
    const { maxPsi, maxAgreementDrop } = config().monitor;
    const { version, psi, agreement, agreementBefore } = healthOf.get(learner)!.state();
    const above = (value: number, limit: number): boolean => value > limit;
    hold({ kind: 'score-shift', learner, version, value: psi }, maxPsi, above, 'its scores have moved, PSI');
    const fall = agreement === null || agreementBefore === null ? null : agreementBefore - agreement;
    hold({ kind: 'agreement', learner, version, value: fall }, maxAgreementDrop, above, 'agreement with the rules fell by');
  }

  function countAlerts(): void {
    if (++answers % BUCKET !== 0) return;
    const share = Math.min(1, raised / BUCKET);
    raised = 0;
    if (rate.update(share)) {
      quiet = 0;
      const message = `the rate of alerts has changed: ${share.toFixed(2)} a flow now`;
      degradations.set('alert-rate', null, { kind: 'alert-rate', learner: null, version: null, value: share, bound: 'steady', message });
    } else if (++quiet === 10) degradations.set('alert-rate', null, null);
  }

  async function startProbation(name: ModelName, version: number, from: number): Promise<void> {
    probations.get(name)?.end();
    probations.delete(name);
    if (version < from) return; // taken back: what stood before has been watched
    const previous = (await registry.list(name)).find((entry) => entry.version === from);
    if (!previous || live.get(name) !== version) return;
    const { gate, monitor } = config();
    const rules = healthOf.get('flow')!.rules;
    probations.set(name, createProbation({ version, previous, of: monitor.probation, gate, alertAbove: alertAbove(), rules, personOf }));
  }

  function watchPromotion(scored: Scored): void {
    const { name, version } = scored;
    const from = live.get(name);
    if (from !== version) {
      live.set(name, version);
      for (const kind of ['score-shift', 'agreement', 'precision', 'probation'] as const) degradations.set(kind, name, null);
      if (from !== undefined) void startProbation(name, version, from).catch(onError);
      return;
    }
    const probation = probations.get(name);
    const verdict = probation?.observe(scored);
    if (!probation || !verdict) return;
    probation.end();
    probations.delete(name);
    if (!verdict.worse) return;
    const { previous } = probation;
    const found = { learner: name, version, value: null, bound: "the gate's limits" };
    const why = `${name}@${version} did worse than ${name}@${previous} on the ${probation.of} answers after its promotion: ${verdict.reason}`;
    if (!config().monitor.rollback) {
      degradations.set('probation', name, { ...found, kind: 'probation', message: why });
      return;
    }
    rollBack(name, previous, `automatic rollback: ${why}`).then(() => {
      rollbacks++;
      degradations.mention({ ...found, kind: 'rolled-back', message: `${why}; version ${previous} is live again` });
    }, onError);
  }

  const precisionOf = (name: ModelName, version: number | null): { judged: number; precision: number | null } => {
    const said = judgements.get(`${name}@${version}`) ?? [];
    const precision = said.length < config().monitor.minJudged ? null : said.filter(Boolean).length / said.length;
    return { judged: said.length, precision };
  };

  return {
    watch: (ports) => ({
      ...ports,
      onScore(scored) {
        ports.onScore?.(scored);
        if (healthOf.get(scored.name)!.observe(scored)) windowEnded(scored.name);
        if (scored.name === 'flow') countAlerts();
        watchPromotion(scored);
      },
      alerts: {
        ...ports.alerts,
        append(found) {
          raised += found.length;
          healthOf.get('flow')!.alerts(found);
          return ports.alerts.append(found);
        },
      },
    }),
    note: (totals) => timeline.note(now(), totals),
    judged(model, right) {
      if (model === null) return;
      judgements.set(model, [...(judgements.get(model) ?? []), right].slice(-JUDGEMENTS));
      if (judgements.size > MOST_VERSIONS) judgements.delete(judgements.keys().next().value!);
      const learner = learnerNames.find((name) => model === `${name}@${live.get(name)}`);
      if (!learner) return;
      const version = live.get(learner)!;
      const { precision } = precisionOf(learner, version);
      const less = (value: number, limit: number): boolean => value < limit;
      hold(
        { kind: 'precision', learner, version, value: precision },
        config().monitor.minPrecision,
        less,
        'share of its judged alerts right',
      );
    },
    champion(learner, damaged) {
      if (damaged === null) return degradations.set('model-damaged', learner, null);
      const { version, serving } = damaged;
      const instead = serving === null ? 'and no other version can' : `${learner}@${serving} serves in its place`;
      const message = `NL_MODEL_CORRUPT ${learner}@${version} cannot be loaded, ${instead}: roll back, or import the model again`;
      const bound = 'as it was stored';
      degradations.set('model-damaged', learner, { kind: 'model-damaged', learner, version, value: null, bound, message });
    },
    state: () => ({
      samples: timeline.samples(),
      models: learnerNames.map((name) => {
        const health = healthOf.get(name)!.state();
        const probation = probations.get(name);
        return {
          name,
          ...health,
          ...precisionOf(name, health.version),
          probation: probation
            ? { version: probation.version, previous: probation.previous, seen: probation.seen(), of: probation.of }
            : null,
        };
      }),
      degradations: degradations.list(),
      rollbacks,
    }),
    close() {
      for (const probation of probations.values()) probation.end();
      probations.clear();
    },
  };
}
