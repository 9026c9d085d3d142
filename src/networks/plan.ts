import { NetloopError, number } from '../errors.js';
import type { EarlyStopping, Schedule, TrainOptions } from '../model.js';
import { createRandom } from '../random.js';
import type { Layout } from './layout.js';

/** What one update does to a network: plain values, so that a helping thread can be sent them. */
export interface Plan {
  readonly optimizer: 'adam' | 'sgd';
  readonly momentum: number;
  readonly clipNorm: number;
  /** One a hidden layer. */
  readonly dropout: readonly number[];
  readonly dropoutSeed: number;
  readonly frozen: readonly string[];
  /** Index of the lowest layer that learns, LSTM layers first, then dense ones and the output. */
  readonly lowest: number;
}

/** What every training goes by, whatever runs it, with its defaults. */
export interface CheckedTraining {
  readonly optimizer: 'adam' | 'sgd';
  readonly momentum: number;
  readonly clipNorm: number;
  readonly classWeight: readonly [benign: number, attack: number];
  readonly earlyStopping: Required<EarlyStopping> | null;
  readonly frozen: readonly string[];
}

/** The options of a training by the kernels, checked, with their defaults. */
export interface CheckedOptions extends Omit<TrainOptions, keyof CheckedTraining>, CheckedTraining {
  readonly plan: Plan;
}

/** @param layers that may be frozen, all but one @throws NL_OPTION naming the option, its range and the value */
export function checkTraining(options: TrainOptions, layers: readonly string[]): CheckedTraining {
  const { optimizer = 'adam', momentum = 0, clipNorm = 0, classWeight = [1, 1] as const, frozen = [], threads = 1 } = options;
  number('epochs', options.epochs, { min: 1, max: 1e6, integer: true });
  number('batch', options.batch, { min: 1, max: 65536, integer: true });
  number('learningRate', options.learningRate, { min: 0, max: 1e6 });
  number('seed', options.seed, { min: 0, max: 2 ** 32 - 1, integer: true });
  number('threads', threads, { min: 1, max: 64, integer: true });
  number('momentum', momentum, { min: 0, below: 1 });
  number('clipNorm', clipNorm, { min: 0, max: 1e30 });
  number('classWeight of benign', classWeight[0], { min: 0, max: 1e6 });
  number('classWeight of attack', classWeight[1], { min: 0, max: 1e6 });
  if (optimizer !== 'adam' && optimizer !== 'sgd') throw wrong('optimizer', "'adam' or 'sgd'", optimizer);
  if (momentum > 0 && optimizer === 'adam') throw wrong('momentum', "0 with 'adam', which has its own", momentum);
  if (options.schedule) checkSchedule(options.schedule);
  if (!Array.isArray(frozen)) throw wrong('frozen', 'a list of layers', frozen);
  for (const name of frozen) if (!layers.includes(name)) throw wrong('frozen', `layers of ${layers.join(', ')}`, name);
  if (layers.every((name) => frozen.includes(name))) throw wrong('frozen', 'at least one layer that learns', frozen);
  return { optimizer, momentum, clipNorm, classWeight, frozen: [...frozen], earlyStopping: checkStopping(options) };
}

/** @throws NL_OPTION naming the option, its range and the value */
export function checkOptions(options: TrainOptions, layout: Layout): CheckedOptions {
  const { dropout = 0 } = options;
  const hidden = [...layout.lstm, ...layout.dense].map((layer) => layer.name);
  const layers = [...hidden, layout.output.name];
  const training = checkTraining(options, layers);
  const rates = typeof dropout === 'number' ? hidden.map(() => dropout) : dropout;
  if (!Array.isArray(rates) || rates.length !== hidden.length) {
    throw wrong('dropout', `a number, or one for each of the ${hidden.length} hidden layers`, dropout);
  }
  if (typeof dropout === 'number') number('dropout', dropout, { min: 0, below: 1 });
  for (const rate of rates) number('dropout', rate, { min: 0, below: 1 });

  const { optimizer, momentum, clipNorm, frozen } = training;
  const lowest = layers.findIndex((name) => !frozen.includes(name));
  const dropoutSeed = createRandom(options.seed).fork('dropout').bits();
  return {
    ...options,
    ...training,
    plan: { dropoutSeed, optimizer, momentum, clipNorm, dropout: rates as readonly number[], frozen, lowest },
  };
}

function checkSchedule(schedule: Schedule): void {
  const { kind } = schedule;
  if (kind === 'step') number('schedule.every', schedule.every, { min: 1, max: 1e6, integer: true });
  else if (kind === 'cosine') number('schedule.floor', schedule.floor ?? 0, { min: 0, max: 1 });
  else if (kind !== 'exponential') throw wrong('schedule.kind', "'step', 'exponential' or 'cosine'", kind);
  if (kind !== 'cosine') number('schedule.factor', schedule.factor, { min: 0, max: 10 });
}

function checkStopping({ earlyStopping: given, validation }: TrainOptions): Required<EarlyStopping> | null {
  if (!given) return null;
  const judged = validation !== undefined && validation.rows > 0;
  const { patience, minDelta = 0, monitor = judged ? 'val_loss' : 'loss', restoreBest = true } = given;
  number('earlyStopping.patience', patience, { min: 1, max: 1e6, integer: true });
  number('earlyStopping.minDelta', minDelta, { min: 0, max: 1e6 });
  if (monitor !== 'loss' && monitor !== 'val_loss') throw wrong('earlyStopping.monitor', "'loss' or 'val_loss'", monitor);
  if (monitor === 'val_loss' && !judged) throw wrong('earlyStopping.monitor', "'loss', because there are no validation rows", monitor);
  return { patience, minDelta, monitor, restoreBest };
}

const wrong = (option: string, rule: string, value: unknown): NetloopError =>
  new NetloopError('NL_OPTION', `invalid ${option}: expected ${rule}, got ${JSON.stringify(value)}`, { where: { option } });
