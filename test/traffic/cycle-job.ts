import type { CycleJob } from '../../src/cycle.js';
import { specOf } from '../promises/run.js';
import { makeSteps } from './flows.js';

export interface CycleJobOptions extends Partial<CycleJob> {
  readonly spec?: ReturnType<typeof specOf>;
  readonly flows?: number;
}

/** Cycle `number` on seeded flows of its own, which a good model has scored from the second cycle on. */
export function makeCycleJob(number: number, { spec = specOf(), flows = 400, learner = 'flow', ...more }: CycleJobOptions = {}): CycleJob {
  return {
    learner,
    number,
    window: { from: 0, to: 1 },
    seed: 7,
    trusted: null,
    alerts: [],
    steps: makeSteps({ flows, seed: number }).map((step) => ({
      ...step,
      score: number > 1 ? (step.flow.label === 1 ? 0.99 : 0.01) : null,
    })),
    settings: spec[learner],
    sequence: spec.sequence,
    policy: spec.labels,
    gate: spec.gate,
    ...more,
  };
}
