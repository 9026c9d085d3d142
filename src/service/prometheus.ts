import type { MonitorState } from './monitor.js';
import type { LearningState, SnifferStatus } from './status.js';

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

const quoted = (text: string): string => text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
const line = (name: string, [labels, value]: Sample): string => {
  const inside = Object.entries(labels).map(([key, text]) => `${key}="${quoted(text)}"`);
  return `${name}${inside.length > 0 ? `{${inside.join(',')}}` : ''} ${value}`;
};
const family = (name: string, kind: 'gauge' | 'counter', help: string, samples: readonly Sample[]): string =>
  [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...samples.map((sample) => line(name, sample))].join('\n');

/** The state of the service in Prometheus' text format (version 0.0.4). */
export function renderMetrics(now: {
  readonly sniffer: SnifferStatus;
  readonly learning: LearningState;
  readonly monitor: MonitorState;
  readonly stored: number;
  readonly dropped: number;
  readonly streams: number;
  readonly memory: number;
}): string {
  const { sniffer, learning, monitor } = now;
  const measured = (value: (model: MonitorState['models'][number]) => number | null): Sample[] =>
    monitor.models.flatMap((model): Sample[] => {
      const found = value(model);
      return found === null ? [] : [[{ learner: model.name }, found]];
    });
  const lasting = monitor.degradations.filter(({ until }) => until === null);
  const each = (value: (learner: LearningState['learners'][number]) => number): Sample[] =>
    learning.learners.map((learner) => [{ learner: learner.name }, value(learner)]);
  return `${[
    family('netloop_sniffer_running', 'gauge', '1 while traffic is watched.', [[{}, sniffer.state === 'running' ? 1 : 0]]),
    family('netloop_sniffer_flows', 'gauge', 'Closed flows this sniffer has seen.', [[{}, sniffer.flows]]),
    family('netloop_sniffer_alerts', 'gauge', 'Alerts this sniffer has raised.', [[{}, sniffer.alerts]]),
    family(
      'netloop_sniffer_capture_loss',
      'gauge',
      'Share of acknowledgements that were of octets never captured.',
      sniffer.capture_loss === null ? [] : [[{}, sniffer.capture_loss]],
    ),
    family('netloop_alerts_stored', 'gauge', 'Alerts held.', [[{}, now.stored]]),
    family('netloop_alerts_dropped_total', 'counter', 'Alerts that left because the store was full.', [[{}, now.dropped]]),
    family('netloop_training_cycles_total', 'counter', 'Cycles that trained.', [[{}, learning.total_training_cycles]]),
    family(
      'netloop_learner_training',
      'gauge',
      '1 while a cycle is under way.',
      each(({ state }) => (state === 'training' ? 1 : 0)),
    ),
    family(
      'netloop_learner_enabled',
      'gauge',
      '1 while switched on.',
      each(({ enabled }) => (enabled ? 1 : 0)),
    ),
    family(
      'netloop_window_flows',
      'gauge',
      'Flows in the window.',
      each(({ flows }) => flows),
    ),
    family(
      'netloop_window_lost',
      'gauge',
      'Flows the window had no room for.',
      each(({ lost }) => lost),
    ),
    family(
      'netloop_model_version',
      'gauge',
      'Version that detects; 0 for none.',
      each(({ live }) => live ?? 0),
    ),
    family(
      'netloop_score_psi',
      'gauge',
      'Shift of the live scores against the first window of the version.',
      measured(({ psi }) => psi),
    ),
    family(
      'netloop_rule_agreement',
      'gauge',
      'Share of flows on which rules and model agree.',
      measured(({ agreement }) => agreement),
    ),
    family(
      'netloop_feedback_precision',
      'gauge',
      'Share of the judged alerts that people called right.',
      measured(({ precision }) => precision),
    ),
    family(
      'netloop_degraded',
      'gauge',
      '1 while something is worse than its limit.',
      lasting.map(({ kind, learner }): Sample => [{ kind, ...(learner ? { learner } : {}) }, 1]),
    ),
    family('netloop_automatic_rollbacks_total', 'counter', 'Promotions taken back by themselves.', [[{}, monitor.rollbacks]]),
    family('netloop_event_streams', 'gauge', 'Open event streams.', [[{}, now.streams]]),
    family('process_resident_memory_bytes', 'gauge', 'Resident memory.', [[{}, now.memory]]),
  ].join('\n')}\n`;
}
