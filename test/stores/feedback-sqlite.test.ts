import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Feedback } from '../../src/feedback.js';
import { createFeedbackStore } from '../../src/stores/feedback-sqlite.js';
import { feedbackContract } from '../contracts/feedback.js';
import { testFolder } from './folder.js';

const opened = (file: string, options = {}) => {
  const store = createFeedbackStore(file, options);
  onTestFinished(() => store.close());
  return store;
};

feedbackContract('the SQLite feedback store', (options) => opened(join(testFolder(), 'feedback.db'), options));

const word: Feedback = {
  subject: 'user',
  id: 'u',
  user: 'u',
  label: 0,
  why: 'our backup server, unmistakably',
  by: 'eve',
  at: 1,
  since: 0,
  until: Number.MAX_SAFE_INTEGER,
};

test('what a person said is there after the process has ended', async () => {
  const file = join(testFolder(), 'feedback.db');
  await opened(file).put(word);
  expect(await opened(file).labels()).toEqual([word]);
});

test('what was forgotten leaves no bytes behind', async () => {
  const file = join(testFolder(), 'feedback.db');
  const store = opened(file);
  await store.put(word);
  await store.forget({ user: 'u' });
  expect(readFileSync(file).includes('unmistakably')).toBe(false);
});
