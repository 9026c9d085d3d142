import { expect } from 'vitest';
import type { NetloopError } from '../../../src/errors.js';
import type { ModelFile } from '../../../src/model.js';
import { createRandom } from '../../../src/random.js';
import { readKeras } from '../../../src/stores/keras/read.js';

/** Every code that a file may be refused with. */
export const refusals = ['NL_LAYER_UNKNOWN', 'NL_MODEL_CORRUPT', 'NL_MODEL_SCHEMA', 'NL_FILE_FORMAT', 'NL_FILE_EMPTY'];

/** Reads it: what comes of it is a coded error, or the very same weights (the damage is where nothing depends on it). */
export async function survive(bytes: Uint8Array, model: ModelFile): Promise<string> {
  const outcome = await readKeras(bytes, 'm').catch((error: unknown) => error as NetloopError);
  if ('format' in outcome) {
    expect(outcome.sha256).toBe(model.sha256);
    return 'read';
  }
  expect(refusals, outcome.stack).toContain(outcome.code);
  return outcome.code;
}

/** Damaged copies: every sixth is cut, the others have one to three bytes changed. */
export function* damaged(bytes: Uint8Array, count: number, seed: number): Generator<Uint8Array> {
  const random = createRandom(seed);
  const below = (n: number): number => Math.floor(random.next() * n);
  for (let i = 0; i < count; i++) {
    const copy = bytes.slice(0, i % 6 === 0 ? below(bytes.length) : bytes.length);
    if (i % 6 > 0) for (let n = 0; n <= i % 3; n++) copy[below(copy.length)] = below(256);
    yield copy;
  }
}

/** How often each outcome came, reading two at a time. */
export async function outcomesOf(copies: Iterable<Uint8Array>, model: ModelFile): Promise<Map<string, number>> {
  const outcomes = new Map<string, number>();
  const queue = copies[Symbol.iterator]();
  const reader = async (): Promise<void> => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      const outcome = await survive(next.value, model);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all([reader(), reader()]);
  return outcomes;
}
