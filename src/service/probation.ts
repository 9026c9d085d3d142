import { implicates, type StoredAlert } from '../alert.js';
import type { Scored } from '../detector.js';
import { encode, loadEncoder } from '../encoder.js';
import type { Flow } from '../flow.js';
import type { Check, GateSettings } from '../gate.js';
import type { Model } from '../model.js';
import { loadModel } from '../networks/load.js';
import type { ModelVersion } from '../registry.js';

/** How a watch window came out. */
export interface ProbationVerdict {
  readonly worse: boolean;
  /** For people: what failed with its numbers. */
  readonly reason: string;
  readonly checks: readonly Check[];
}

/** The time after a promotion in which the new version is watched. */
export interface Probation {
  readonly version: number;
  readonly previous: number;
  /** Answers of the new version so far, and how many are watched. */
  seen(): number;
  readonly of: number;
  /** Gives the verdict with the last answer; null before. */
  observe(scored: Scored): ProbationVerdict | null;
  /** Frees the predecessor's model. */
  end(): void;
}

export interface ProbationOptions {
  readonly version: number;
  readonly previous: ModelVersion;
  /** Answers to watch. */
  readonly of: number;
  readonly gate: GateSettings;
  readonly alertAbove: number;
  /** Alerts of rules that are known when the window ends. */
  readonly rules: () => Iterable<StoredAlert>;
  /** What a person said of a flow. */
  readonly personOf?: (flow: Flow) => 0 | 1 | undefined;
  /** Flows of one kind (attack, benign) with evidence that a rate needs, to be held against its limit. */
  readonly least?: number;
}

const fixed = (x: number): string => x.toFixed(4);

/** Answers by the predecessor on the rows the live model was given. @throws NL_MODEL_CORRUPT, NL_LAYER_UNKNOWN */
function createPredecessor({ model: file, encoder: encoderFile }: ModelVersion): { predict(rows: Scored['rows']): number; model: Model } {
  const model = loadModel(file);
  const encoder = loadEncoder(encoderFile);
  const { features, steps } = file.architecture;
  return {
    model,
    predict(rows) {
      // A predecessor with shorter sequences sees the newest rows; one with longer ones sees what there is not: the oldest row again.
      const x = new Float32Array(steps * features);
      for (let i = 0; i < steps; i++) encode(encoder, rows[Math.max(0, rows.length - steps + i)]!, x, i * features);
      return model.predict({ x, rows: 1, steps, features })[0]!;
    },
  };
}

/**
 * Watches a new version beside its predecessor, which answers the same rows: what differs is the model, not the traffic.
 * Its limits are the gate's: the share of rows called attacks may not move by more than `maxRateShift`; where there is evidence (rules,
 * people) recall may not fall by more than `maxRecallDrop`, nor the false-positive rate rise by more than `maxFprRise`.
 * @throws NL_MODEL_CORRUPT, NL_LAYER_UNKNOWN when the predecessor cannot be loaded
 */
export function createProbation({
  version,
  previous,
  of,
  gate,
  alertAbove,
  rules,
  personOf = () => undefined,
  least = 50,
}: ProbationOptions): Probation {
  const predecessor = createPredecessor(previous);
  const answers: { readonly flow: Flow; readonly now: boolean; readonly before: boolean }[] = [];

  function judge(): ProbationVerdict {
    const scoped = [...rules()];
    const known = answers.map((answer) => {
      const person = personOf(answer.flow);
      return { ...answer, label: person ?? (scoped.some((alert) => implicates(alert, answer.flow)) ? (1 as const) : null) };
    });
    const share = (rows: readonly (typeof known)[number][], which: 'now' | 'before'): number =>
      rows.filter((row) => row[which]).length / rows.length;
    const rise = (rows: readonly (typeof known)[number][]): number => share(rows, 'now') - share(rows, 'before');
    const checks: Check[] = [];
    const atMost = (name: string, value: number | null, bound: number | null): void => {
      if (bound !== null) checks.push({ name, value, bound: `<= ${bound}`, pass: value === null || value <= bound + 1e-12 });
    };
    const [attacks, benign] = [known.filter(({ label }) => label === 1), known.filter(({ label }) => label === 0)];
    atMost('rate-shift', Math.abs(rise(known)), gate.maxRateShift);
    atMost('recall-drop', attacks.length < least ? null : -rise(attacks), gate.maxRecallDrop);
    atMost('fpr-rise', benign.length < least ? null : rise(benign), gate.maxFprRise);
    const failed = checks.filter(({ pass }) => !pass);
    const reason = failed.map(({ name, value, bound }) => `${name} ${fixed(value!)}, needs ${bound}`).join('; ');
    return { worse: failed.length > 0, reason: reason || 'within the limits of the gate', checks };
  }

  return {
    version,
    previous: previous.version,
    of,
    seen: () => answers.length,
    observe({ rows, score, flow }) {
      answers.push({ flow, now: score >= alertAbove, before: predecessor.predict(rows) >= alertAbove });
      return answers.length < of ? null : judge();
    },
    end: () => predecessor.model.dispose(),
  };
}
