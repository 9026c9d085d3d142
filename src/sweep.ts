import { z } from 'zod';
import { NetloopError } from './errors.js';
import type { ExperimentReport } from './experiment.js';
import { canonical, sha256 } from './hash.js';
import { exp, log } from './math.js';
import { createRandom, type Random } from './random.js';
import { resolveSpec, type Spec, setPath, specSchema } from './spec.js';

const choices = z.array(z.unknown()).min(1);
const range = z.strictObject({
  min: z.number(),
  max: z.number(),
  scale: z.enum(['linear', 'log']).default('linear'),
  integer: z.boolean().default(false),
});

const halving = z.strictObject({
  cycles: z
    .number()
    .int()
    .min(2)
    .max(1000)
    .default(2)
    .describe('cycles of each learner on the first rung; the first one only makes a model'),
  factor: z.number().int().min(2).max(10).default(2).describe('each rung has so many times the cycles, and one in so many of the trials'),
  learner: z.enum(['flow', 'behaviour']).default('flow'),
  metric: z
    .enum(['balancedAccuracy', 'prAuc', 'f1', 'recall', 'accuracy'])
    .default('balancedAccuracy')
    .describe("of the learner's champion, scored before learning; the highest go on"),
});
/** How a sweep is narrowed down: Jamieson and Talwalkar 2016, with cycles as the resource. */
export type Halving = z.output<typeof halving>;

/** The `sweep:` key of an experiment file: every combination of a grid, or seeded draws. Keys are paths such as 'sequence.length'. */
export const sweepSchema = z.strictObject({
  grid: z.record(z.string(), choices).optional(),
  random: z.record(z.string(), z.union([choices, range])).optional(),
  trials: z.number().int().min(1).max(10_000).optional().describe('draws, with `random`'),
  seed: z.number().int().min(0).max(0xffffffff).default(1).describe("the draws' seed; each trial's own is `seed` of the spec"),
  halving: halving.optional().describe('successive halving: all trials for a few cycles, the better ones for more'),
});

/** One spec of a sweep. */
export interface Trial {
  /** SHA-256 of the resolved spec, hex: the same trial has the same id in every sweep and every run. */
  readonly id: string;
  /** What this trial sets, by path. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly spec: Spec;
}

export interface SweepPlan {
  readonly name: string;
  /** In the order of the grid (the last key varies fastest) or of the draws. */
  readonly trials: readonly Trial[];
  /** Draws or combinations left out because they came twice. */
  readonly repeated: number;
  /** Null: every trial runs to its end. */
  readonly halving: Halving | null;
}

/** Where trials run. The same trial gives the same hashes on every engine; one that fails rejects. */
export interface Engine {
  readonly name: string;
  /** Trials it runs at once. */
  readonly slots: number;
  run(spec: Spec, signal?: AbortSignal): Promise<ExperimentReport>;
  close(): Promise<void>;
}

/** Most trials of one sweep. */
export const MAX_TRIALS = 10_000;

/** The id of a resolved spec, and of every run of it. */
export const trialId = (spec: Spec): string => sha256(canonical(spec));
/** The id of the spec that a run recorded; null for a run that is no experiment's. */
export const recordedTrial = (tags: Readonly<Record<string, string>>): string | null =>
  tags['netloop.spec'] === undefined ? null : sha256(tags['netloop.spec']);

type Sets = Readonly<Record<string, unknown>>;

function gridSets(grid: Readonly<Record<string, readonly unknown[]>>, file: string): Sets[] {
  const size = Object.values(grid).reduce((n, values) => n * values.length, 1);
  if (size > MAX_TRIALS) throw new NetloopError('NL_SPEC', `${file}: sweep.grid has ${size} trials, expected at most ${MAX_TRIALS}`);
  return Object.entries(grid).reduce<Sets[]>(
    (sets, [path, values]) => sets.flatMap((set) => values.map((v) => ({ ...set, [path]: v }))),
    [{}],
  );
}

/** Drawn numbers keep four digits: they are read and written by people. */
function draw(rule: readonly unknown[] | z.output<typeof range>, random: Random): unknown {
  if ('length' in rule) return rule[random.below(rule.length)];
  const { min, max, scale, integer } = rule;
  if (integer && scale === 'linear') return min + random.below(max - min + 1);
  const u = random.next();
  const x = scale === 'log' ? exp(log(min) + u * (log(max) - log(min))) : min + u * (max - min);
  return Math.min(max, Math.max(min, integer ? Math.round(x) : Number(x.toPrecision(4))));
}

function checkRange(path: string, rule: readonly unknown[] | z.output<typeof range>, file: string): void {
  if ('length' in rule) return;
  const bad =
    rule.min > rule.max
      ? `min must be at most max, got ${rule.min} > ${rule.max}`
      : rule.scale === 'log' && rule.min <= 0
        ? `a log scale needs min above 0, got ${rule.min}`
        : rule.integer && !(Number.isSafeInteger(rule.min) && Number.isSafeInteger(rule.max))
          ? `whole numbers need whole bounds, got ${rule.min} and ${rule.max}`
          : null;
  if (bad) throw new NetloopError('NL_SPEC', `${file}: sweep.random.${path}: ${bad}`);
}

function setsOf(sweep: z.output<typeof sweepSchema>, file: string): Sets[] {
  const { grid, random, trials, seed } = sweep;
  if (grid && !random && trials === undefined) return gridSets(grid, file);
  if (!random || grid || trials === undefined) {
    throw new NetloopError('NL_SPEC', `${file}: sweep: expected either grid, or random with trials`);
  }
  for (const [path, rule] of Object.entries(random)) checkRange(path, rule, file);
  const dice = createRandom(seed);
  // A stream for each key and draw: another key, or more trials, leaves the other draws as they were.
  return Array.from({ length: trials }, (_, i) =>
    Object.fromEntries(Object.entries(random).map(([path, rule]) => [path, draw(rule, dice.fork(`${path} ${i}`))])),
  );
}

/** An experiment file's content without its sweep, and the sweep; null without one. */
export function splitSweep(input: Readonly<Record<string, unknown>>): { readonly base: Record<string, unknown>; readonly sweep: unknown } {
  const { sweep = null, ...base } = input;
  return { base, sweep };
}

/**
 * What an experiment file may say, as JSON Schema (draft 7, which editors know): the spec, `extends` and `sweep`.
 * Nothing is required: a file may leave what it does not state to the one it extends.
 */
export function experimentFileSchema(): Record<string, unknown> {
  const file = specSchema.partial().extend({
    extends: z.string().describe('another file beside this one, whose values hold where this one says nothing').optional(),
    sweep: sweepSchema.describe('many runs: netloop sweep').optional(),
  });
  return z.toJSONSchema(file, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema, path }) => {
      if (path.join('.') === 'properties.source') delete jsonSchema.required;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
}

/** @throws NL_SPEC when the rungs and the trials each say how long a trial is, or nobody learns what is judged */
function checkHalving(rule: Halving | undefined, trials: readonly Trial[], file: string): Halving | null {
  if (!rule) return null;
  if (trials.some(({ spec }) => spec.cycles.most !== null)) {
    throw new NetloopError('NL_SPEC', `${file}: cycles.most: sweep.halving sets the cycles of every rung, leave one of the two out`);
  }
  if (trials.some(({ spec }) => !spec[rule.learner].enabled)) {
    throw new NetloopError(
      'NL_SPEC',
      `${file}: sweep.halving.learner: ${rule.learner} is switched off, so no trial has its ${rule.metric}`,
    );
  }
  return rule;
}

/**
 * Lists the trials of an experiment file with a `sweep:`. Every trial is resolved and checked before the first one runs.
 * Trials never publish: they run beside each other, and only one lineage can be live.
 * @example planSweep({ source: { files: ['a.pcap'] }, sweep: { grid: { 'sequence.length': [5, 10, 20] } } }).trials.length  // 3
 * @throws NL_SPEC
 */
export function planSweep(input: Readonly<Record<string, unknown>>, file = 'spec'): SweepPlan {
  const { base, sweep } = splitSweep(input);
  if (sweep === null) {
    throw new NetloopError('NL_SPEC', `${file}: no sweep: add e.g. sweep: { grid: { sequence.length: [5, 10, 20] } }, or use netloop run`);
  }
  const parsed = sweepSchema.safeParse(sweep);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new NetloopError('NL_SPEC', `${file}: ${['sweep', ...issue.path].join('.')}: ${issue.message}`);
  }
  const trials = new Map<string, Trial>();
  const sets = setsOf(parsed.data, file);
  for (const set of sets) {
    const values = Object.entries(set).map(([path, v]) => `${path}=${canonical(v)}`);
    const own = Object.entries(set).reduce<Record<string, unknown>>((spec, [path, v]) => setPath(spec, path, v), { ...base });
    const spec: Spec = resolveSpec({ ...own, publish: false }, values.length > 0 ? `${file} (${values.join(', ')})` : file);
    if (spec.parent === 'champion') {
      throw new NetloopError('NL_SPEC', `${file}: parent: trials of a sweep start their own lineages: expected none, got champion`);
    }
    const id = trialId(spec);
    if (!trials.has(id)) trials.set(id, { id, set, spec });
  }
  const name = typeof base.name === 'string' ? base.name : 'experiment';
  return {
    name,
    trials: [...trials.values()],
    repeated: sets.length - trials.size,
    halving: checkHalving(parsed.data.halving, [...trials.values()], file),
  };
}
