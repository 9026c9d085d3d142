import { createRandom } from '../../src/random.js';

/** Streams that a detector must tell apart: steady, a step, a ramp, rare events, constant, negative, large. */
export function driftStreams(): Readonly<Record<string, readonly number[]>> {
  const make = (n: number, at: (i: number, u: number) => number): number[] => {
    const random = createRandom(n);
    return Array.from({ length: n }, (_, i) => at(i, random.next()));
  };
  return {
    steady: make(3000, (_, u) => u),
    step: make(3001, (i, u) => u + (i >= 1500 ? 0.4 : 0)),
    'step down': make(3002, (i, u) => u - (i >= 1500 ? 3 : 0)),
    ramp: make(3003, (i, u) => u + i / 2000),
    'rare errors': make(3004, (i, u) => (u < (i < 2000 ? 0.02 : 0.3) ? 1 : 0)),
    constant: make(500, () => 1),
    large: make(3005, (i, u) => 1000 * u + (i % 1000 > 700 ? 5000 : 0)),
    'there and back': make(4000, (i, u) => u + (Math.floor(i / 400) % 2)),
  };
}
