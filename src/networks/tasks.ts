import type { Architecture } from '../model.js';
import { follow, lead, type Task } from './crew.js';
import { dropoutOf } from './dropout.js';
import { layOut } from './layout.js';
import { SHARD_ROWS } from './memory.js';
import { createNetwork, type Network, type NetworkOptions } from './network.js';
import { type Step, update } from './optimizer.js';
import type { Plan } from './plan.js';
import { gradient } from './run.js';

/** Shards that lie staged in slots firstSlot, firstSlot + 1, …: all full but perhaps the last. */
export interface Wave {
  readonly firstSlot: number;
  readonly slots: number;
  readonly lastRows: number;
  /** The first one's number within the batch, and which update of the training this is: what dropout counts by. */
  readonly firstShard: number;
  readonly update: number;
  /** 1 / rows of the batch. */
  readonly scale: number;
}

/** Phases of a batch. */
const SHARDS = 0;
const UPDATE = 1;

/** Where each of a batch's shared numbers stands. */
const [FIRST_SLOT, SLOTS, LAST_ROWS, FIRST_SHARD, COUNT, SCALE, USED, CLIP, RATE] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;

/** The work of one thread: the gradient of one staged shard, the update of one part. What the batch is stands in shared numbers. */
function tasksOf(network: Network, plan: Plan): readonly [shard: Task, update: Task] {
  const { numbers, parts } = network;
  const moving = parts.filter((part) => !plan.frozen.includes(part.layer));
  const drops = plan.dropout.some((rate) => rate > 0);
  const shard = (index: number): void => {
    const dropout = drops ? dropoutOf(plan.dropout, plan.dropoutSeed, numbers[COUNT]!, numbers[FIRST_SHARD]! + index) : null;
    const rows = index === numbers[SLOTS]! - 1 ? numbers[LAST_ROWS]! : SHARD_ROWS;
    gradient(network, { slot: numbers[FIRST_SLOT]! + index, rows, scale: numbers[SCALE]!, dropout, lowest: plan.lowest });
  };
  const move = (index: number): void =>
    update(network, plan, moving[index]!, { used: numbers[USED]!, clip: numbers[CLIP]!, rate: numbers[RATE]! });
  return [shard, move];
}

/** Does a batch's work on all threads of the network, the caller's included. */
export interface Crew {
  gradients(wave: Wave): void;
  update(step: Step): void;
}

export function createCrew(network: Network, plan: Plan): Crew {
  const { numbers } = network;
  const [shard, move] = tasksOf(network, plan);
  const moving = network.parts.filter((part) => !plan.frozen.includes(part.layer)).length;
  return {
    gradients({ firstSlot, slots, lastRows, firstShard, update: count, scale }) {
      numbers[FIRST_SLOT] = firstSlot;
      numbers[SLOTS] = slots;
      numbers[LAST_ROWS] = lastRows;
      numbers[FIRST_SHARD] = firstShard;
      numbers[COUNT] = count;
      numbers[SCALE] = scale;
      lead(network, SHARDS, slots, shard);
    },
    update({ used, clip, rate }) {
      numbers[USED] = used;
      numbers[CLIP] = clip;
      numbers[RATE] = rate;
      lead(network, UPDATE, moving, move);
    },
  };
}

/** What a helping thread needs to join a training. */
export interface Invitation {
  readonly architecture: Architecture;
  readonly plan: Plan;
  readonly network: NetworkOptions;
}

/** Helps with one training, as thread number `lane` (from 1), until it ends. Blocks the thread. */
export function helpTraining({ architecture, plan, network: options }: Invitation, lane: number): void {
  const network = createNetwork(layOut(architecture), { ...options, lane });
  follow(network, tasksOf(network, plan));
}
