import { expect, test } from 'vitest';
import { areaUnderTime, backwardTransfer } from '../src/forgetting.js';

test('area under time by hand: ends count half', () => {
  expect(areaUnderTime([1, 0.5, 0.5])).toBe(0.625);
  expect(areaUnderTime([0.8, 0.8, 0.8, 0.8])).toBeCloseTo(0.8, 12);
  expect(areaUnderTime([0.9])).toBeNull();
});

test('backward transfer by hand: the last experience has nothing after it to forget it by', () => {
  expect(backwardTransfer([0.9, 0.8, 0.7], [0.7, 0.9, 0.1])).toBeCloseTo(-0.05, 12);
  expect(backwardTransfer([0.9], [0.1])).toBeNull();
});
