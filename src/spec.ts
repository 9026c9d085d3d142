import { z } from 'zod';
import { NetloopError } from './errors.js';
import { guardedGate, plainGate } from './gate.js';
import { guardedPolicy, plainPolicy } from './label.js';
import { addressPrivacies } from './privacy.js';
import { sequenceDefaults } from './sequence.js';
import { checkLayers, training } from './training-spec.js';

const share = z.number().min(0).max(1);
const count = z.number().int().min(0);
const atLeastOne = z.number().int().min(1);
const layers = z.array(atLeastOne.max(1024)).max(4);
const every = z.union([
  z.strictObject({
    seconds: z
      .number()
      .min(1)
      .max(7 * 86_400)
      .describe('of capture time'),
  }),
  z.strictObject({ flows: atLeastOne.describe('where the source has no time of its own') }),
]);

const learnerKeys = (defaults: {
  every: { seconds: number };
  minSamples: number;
  maxHistory: number;
  train: [number, number, number];
  first: [number, number, number];
  units: number[];
  dense: number[];
}) => ({
  enabled: z.boolean().default(true),
  every: every.default(defaults.every).describe('how long a window collects'),
  firstEvery: every.nullable().default(null).describe('how long the first window collects; null: like the others'),
  minSamples: atLeastOne.default(defaults.minSamples).describe('labelled rows that a cycle needs'),
  maxHistory: atLeastOne.default(defaults.maxHistory).describe('newest labelled rows a cycle learns from at most'),
  train: training(...defaults.train),
  first: training(...defaults.first).describe("the first champion's training, from scratch"),
  units: layers.default(defaults.units).describe('LSTM units, one entry a layer'),
  dense: layers.default(defaults.dense).describe('relu layers before the output'),
  validationShare: share.default(0.2).describe('newest share of a window that is judged on, not learnt'),
  goldenShare: share.default(0.3).describe('newest share of the first window frozen as the golden set'),
  goldenBlocks: atLeastOne.max(100).default(6).describe('stretches of the first window that each give their newest part to the golden set'),
  replay: count.max(1_000_000).default(2000).describe('rows of the first window learnt again in every cycle'),
  retrain: z
    .enum(['evidence', 'clock', 'adwin', 'kswin', 'page-hinkley'])
    .default('evidence')
    .describe(
      'what makes a window worth learning: that rules or people contradict the champion (guarded labels; else as clock), that it is over, or that the champion has come to doubt more than it did, by this detector',
    ),
  start: z
    .enum(['champion', 'scratch'])
    .default('champion')
    .describe('what a later cycle trains: the champion, or fresh weights as the first'),
});

/** Tests on what was learnt. A run that comes upon one is refused, unless its spec allows it; then it stands on the run's honesty card. */
export const leaks = ['random-split', 'fitted-on-test', 'test-before-training'] as const;
export type Leak = (typeof leaks)[number];

/** The one typed default behind every experiment file. Unknown keys are refused. */
export const specSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w.-]{1,80}$/)
    .default('experiment'),
  seed: z.number().int().min(0).max(0xffffffff).default(1),
  source: z
    .strictObject({
      files: z.array(z.string()).min(1).describe('captures, logs or rows, read one after the other; relative to the project'),
      truth: z.array(z.string()).default([]).describe('truth files for captures, in the order of `files`; default: truth.tsv beside each'),
      user: z.string().nullable().default(null).describe('column that names the user'),
      background: z.enum(['benign', 'skip']).default('benign').describe("what CTU-13's background flows count as"),
      sort: z.enum(['file', 'end']).default('file').describe('order of flow records: as stored, or by end time'),
      seconds: z
        .number()
        .min(1)
        .nullable()
        .default(null)
        .describe('capture time to read of each file, from its beginning; null: all of it'),
    })
    .describe('where traffic comes from'),
  flows: z
    .strictObject({
      idle: z.number().positive().default(120).describe('seconds of silence that end a flow'),
      active: z.number().positive().default(1800).describe('seconds after which a flow is cut'),
      maxFlows: atLeastOne.default(1_000_000).describe('flows alive at once; the oldest leaves first, counted'),
    })
    .prefault({}),
  features: z
    .strictObject({
      timeWindow: atLeastOne.max(3600).default(2).describe('whole seconds of the time window'),
      hostWindow: atLeastOne.max(65_536).default(256).describe("connections in each destination host's window, the current one included"),
    })
    .prefault({}),
  sequence: z
    .strictObject({
      length: z.number().int().min(5).max(50).default(sequenceDefaults.length),
      overlap: z.number().min(0).lt(1).default(sequenceDefaults.overlap),
      minFlows: atLeastOne.default(sequenceDefaults.minFlows),
      by: z.enum(['user_id', 'orig_h', 'resp_h']).default('user_id'),
    })
    .prefault({}),
  labels: z
    .strictObject({
      policy: z
        .enum(['guarded', 'plain', 'truth'])
        .default(guardedPolicy.policy)
        .describe(
          'what may be learnt from: labels that a witness does not contradict, every label of rule and score, or (to measure) the truth',
        ),
      attackAbove: share.default(plainPolicy.attackAbove),
      benignBelow: share.default(plainPolicy.benignBelow),
      rules: z.boolean().default(plainPolicy.rules),
      unknown: z.enum(['drop', 'benign']).default(plainPolicy.unknown),
      benignCredibility: share.default(guardedPolicy.benignCredibility).describe('guarded: above it a row counts as ordinary'),
      attackCredibility: share.default(guardedPolicy.attackCredibility).describe('guarded: above it a row counts as a known attack'),
      leastStanding: share
        .default(guardedPolicy.leastStanding)
        .describe('guarded: share of what rules say that must stand, else the cycle learns nothing'),
    })
    .prefault({}),
  behaviour: z
    .strictObject({
      ...learnerKeys({
        every: { seconds: 600 },
        minSamples: 20,
        maxHistory: 20_000,
        train: [10, 32, 0.001],
        first: [30, 32, 0.001],
        units: [64],
        dense: [32],
      }),
      bidirectional: z.boolean().default(false).describe('LSTM layers also read backwards, with weights of their own'),
      recurrentActivation: z.enum(['sigmoid', 'hard_sigmoid']).default('sigmoid').describe("of the LSTM's gates"),
    })
    .prefault({})
    .describe('the behaviour LSTM'),
  flow: z
    .strictObject(
      learnerKeys({
        every: { seconds: 3600 },
        minSamples: 100,
        maxHistory: 10_000,
        train: [3, 32, 0.0001],
        first: [30, 32, 0.001],
        units: [],
        dense: [64, 32],
      }),
    )
    .prefault({})
    .describe('the flow MLP (ANN)'),
  gate: z
    .strictObject({
      preset: z.enum(['guarded', 'plain']).default('guarded'),
      minAccuracy: share.optional(),
      maxLoss: z.number().positive().optional(),
      refuseConstant: z.boolean().optional(),
      maxGoldenDrop: share.nullable().optional(),
      maxRecallDrop: share.nullable().optional(),
      maxFprRise: share.nullable().optional(),
      maxProvenDrop: share.nullable().optional(),
      maxRateShift: share.nullable().optional(),
      maxUnsupported: share.nullable().optional(),
      requireProof: z
        .boolean()
        .optional()
        .describe('recall and false-positive rate must keep their limits for sure (one-sided 95 %), not only as counted'),
    })
    .prefault({})
    .transform(({ preset, ...own }) => ({
      ...(preset === 'plain' ? plainGate : guardedGate),
      ...Object.fromEntries(Object.entries(own).filter(([, v]) => v !== undefined)),
    })),
  cycles: z
    .strictObject({
      most: atLeastOne.nullable().default(null).describe('cycles of each learner, after which the run ends; null: all there are'),
    })
    .prefault({}),
  baseRate: z.number().gt(0).lt(1).default(0.01).describe('share of attacks in real traffic at which the honesty card states precision'),
  allow: z.array(z.enum(leaks)).default([]).describe('tests on what was learnt that are not refused but stand on the honesty card'),
  detector: z.strictObject({ alertAbove: share.default(0.5) }).prefault({}),
  keep: z
    .union([z.enum(['none', 'ledger', 'window']), z.boolean()])
    .default('ledger')
    .transform((keep) => (keep === true ? 'window' : keep === false ? 'ledger' : keep))
    .describe(
      'what outlives a window: nothing; encoded rows to learn again and a ledger of automatic labels; or (window, true) its flows too, so that a live cycle can be run again. false is ledger',
    ),
  privacy: z.enum(addressPrivacies).default('pseudonym').describe('addresses in kept windows: as they are, cut, or keyed ids'),
  retention: z
    .strictObject({
      days: z
        .number()
        .positive()
        .max(36_500)
        .nullable()
        .default(null)
        .describe("older rows leave ledger, reservoir, golden set, kept windows and people's labels when a cycle ends; null: only by cap"),
    })
    .prefault({}),
  settle: z.number().min(0).default(30).describe('seconds of capture time between a window and the swap; training runs meanwhile'),
  parent: z.enum(['none', 'champion']).default('none').describe('start a new lineage, or go on from the champions in the registry'),
  publish: z.boolean().default(false).describe("put versions into the registry and promote the run's champions to the live detector"),
});

/** A resolved experiment: every value stated. */
export type Spec = z.output<typeof specSchema>;
/** What an experiment file may say. */
export type SpecInput = z.input<typeof specSchema>;

/** Edit distance, for "did you mean". */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keys a spec may have at a path, read off the resolved default. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let node: unknown = { ...specSchema.parse({ source: { files: ['x'] } }) };
  for (const key of path) node = isObject(node) ? node[String(key)] : undefined;
  return isObject(node) ? Object.keys(node) : [];
}

/**
 * Checks a spec and fills in every default.
 * @throws NL_SPEC naming the key, the rule, the value and the nearest right key
 */
export function resolveSpec(input: unknown, file = 'spec'): Spec {
  const result = specSchema.safeParse(input);
  if (result.success) {
    if (result.data.sequence.minFlows > result.data.sequence.length) {
      throw new NetloopError(
        'NL_SPEC',
        `${file}: sequence.minFlows must be at most sequence.length (${result.data.sequence.length}), got ${result.data.sequence.minFlows}`,
      );
    }
    if (result.data.labels.benignBelow > result.data.labels.attackAbove) {
      throw new NetloopError(
        'NL_SPEC',
        `${file}: labels.benignBelow must be at most labels.attackAbove, got ${result.data.labels.benignBelow} > ${result.data.labels.attackAbove}`,
      );
    }
    checkLayers('behaviour', result.data.behaviour, file);
    checkLayers('flow', { ...result.data.flow, units: [] }, file);
    return result.data;
  }
  // A key that nobody knows explains a needed one that is absent.
  const issue = result.error.issues.find(({ code }) => code === 'unrecognized_keys') ?? result.error.issues[0]!;
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const near = keysAt(issue.path).sort((a, b) => distance(key, a) - distance(key, b))[0];
    throw new NetloopError('NL_SPEC', `${file}: unknown key '${path ? `${path}.` : ''}${key}'${near ? `, did you mean '${near}'?` : ''}`);
  }
  throw new NetloopError('NL_SPEC', `${file}: ${path || 'the file'}: ${issue.message}`);
}

/**
 * Sets one value by its path.
 * @example setPath({}, 'sequence.length', 20)  // { sequence: { length: 20 } }
 */
export function setPath(input: Record<string, unknown>, path: string, value: unknown): Record<string, unknown> {
  const [key = '', ...rest] = path.split('.');
  if (rest.length === 0) return { ...input, [key]: value };
  const child = isObject(input[key]) ? input[key] : {};
  return { ...input, [key]: setPath(child, rest.join('.'), value) };
}

/** What is said as a whole: a schedule of another kind has other keys. */
const WHOLE = new Set(['every', 'firstEvery', 'schedule']);

/** One spec over another: objects merge, everything else replaces. */
export function mergeSpecs(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const old = merged[key];
    merged[key] = isObject(old) && isObject(value) && !WHOLE.has(key) ? mergeSpecs(old, value) : value;
  }
  return merged;
}
