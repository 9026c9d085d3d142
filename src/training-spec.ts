import { z } from 'zod';
import { NetloopError } from './errors.js';

const share = z.number().min(0).max(1);
const atLeastOne = z.number().int().min(1);
const schedule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('step'), every: atLeastOne.describe('epochs'), factor: share }),
  z.strictObject({ kind: z.literal('exponential'), factor: share }),
  z.strictObject({ kind: z.literal('cosine'), floor: share.default(0) }),
]);
const stopping = z.strictObject({
  patience: atLeastOne.describe('epochs without a lower training loss'),
  minDelta: z.number().min(0).default(0),
  restoreBest: z.boolean().default(true).describe('keep the weights of the best epoch'),
});
const weight = z.number().min(0).max(1e6);
/** Two of them. An array of length two in JSON Schema: not every reader of OpenAPI knows how a tuple is written. */
const pair = z.array(weight).length(2) as unknown as z.ZodTuple<[typeof weight, typeof weight], null>;
const off = z.number().min(0).lt(1);
/** The keys of one training; `Model.train` says what each does. */
export const training = (epochs: number, batch: number, learningRate: number) =>
  z
    .strictObject({
      epochs: atLeastOne.max(1000).default(epochs).describe('passes over the rows'),
      batch: atLeastOne.max(65_536).default(batch).describe('rows a step'),
      learningRate: z.number().positive().max(1).default(learningRate),
      optimizer: z.enum(['adam', 'sgd']).default('adam'),
      momentum: off.default(0).describe('of sgd'),
      clipNorm: z.number().min(0).max(1e30).default(0).describe('largest gradient norm; 0: as it is'),
      classWeight: pair.default([1, 1]).describe('loss weight of benign and attack rows'),
      dropout: z
        .union([off, z.array(off).max(8)])
        .default(0)
        .describe('share of hidden outputs left out while learning; one for all, or one a hidden layer'),
      schedule: schedule.nullable().default(null).describe('how the learning rate moves; null: it stays'),
      earlyStopping: stopping.nullable().default(null).describe('end when the training loss no longer falls; null: all epochs'),
      frozen: z
        .array(z.string().regex(/^(lstm_\d|dense_\d|output)$/))
        .default([])
        .describe('layers that keep their weights: lstm_0, dense_0, output'),
      threads: atLeastOne.max(64).default(1).describe('same bits with any number'),
    })
    .refine(({ optimizer, momentum }) => optimizer === 'sgd' || momentum === 0, {
      path: ['momentum'],
      error: "expected 0 with optimizer 'adam', which has its own",
    })
    .prefault({});

interface Trained {
  readonly units: readonly number[];
  readonly dense: readonly number[];
  readonly train: z.output<ReturnType<typeof training>>;
  readonly first: z.output<ReturnType<typeof training>>;
}

/** Layers that a training names must be there. @throws NL_SPEC */
export function checkLayers(learner: string, { units, dense, ...trainings }: Trained, file: string): void {
  const hidden = [...units.map((_, i) => `lstm_${i}`), ...dense.map((_, i) => `dense_${i}`)];
  for (const key of ['train', 'first'] as const) {
    const { dropout, frozen } = trainings[key];
    const refuse = (what: string): never => {
      throw new NetloopError('NL_SPEC', `${file}: ${learner}.${key}.${what}`);
    };
    if (Array.isArray(dropout) && dropout.length !== hidden.length) {
      refuse(`dropout must be a number, or one for each of ${hidden.join(', ')}; got ${dropout.length} numbers`);
    }
    const stray = frozen.find((layer) => layer !== 'output' && !hidden.includes(layer));
    if (stray !== undefined) refuse(`frozen must name layers of ${[...hidden, 'output'].join(', ')}; got '${stray}'`);
    if (new Set(frozen).size > hidden.length) refuse('frozen must leave a layer that learns');
  }
}
