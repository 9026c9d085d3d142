import { expect, test } from 'vitest';
import { type LearnerState, type LearningState, summarize } from '../../src/service/status.js';

const learner = (over: Partial<LearnerState>): LearnerState => ({
  name: 'flow',
  enabled: true,
  state: 'active',
  stage: 'collecting',
  cycle: 1,
  live: null,
  flows: 0,
  elapsed: 0,
  remaining: null,
  waiting: null,
  lost: 0,
  next_run: null,
  ...over,
});
const learning = (...learners: LearnerState[]): LearningState => ({
  enabled: true,
  is_training: false,
  last_training_time: null,
  total_training_cycles: 0,
  model_versions: 0,
  state: 'active',
  automatic: true,
  learners,
});

test('both learners in one line: the furthest stage, the earliest run, each with its reason', () => {
  const a = learner({ name: 'behaviour', state: 'training', stage: 'validating', next_run: '2026-01-01T00:10:00.000Z' });
  const b = learner({ waiting: 'need 100 flows, have 45', next_run: '2026-01-01T00:05:00.000Z' });
  expect(summarize(learning(b, a))).toMatchObject({
    stage: 'validating',
    next_run: '2026-01-01T00:05:00.000Z',
    waiting: 'flow: need 100 flows, have 45',
  });
  const off = { state: 'inactive', stage: null, waiting: 'no sniffer is running' } as const;
  expect(summarize(learning(learner(off), learner({ ...off, name: 'behaviour' })))).toMatchObject({
    stage: null,
    next_run: null,
    waiting: 'no sniffer is running',
  });
  expect(summarize(learning(learner({}), learner({ name: 'behaviour' })))).toMatchObject({ stage: 'collecting', waiting: null });
});
