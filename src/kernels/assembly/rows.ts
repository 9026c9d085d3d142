// Rows enter as [rows][steps][features] and are worked on as [steps][rows][width], width the features padded with zeros to a multiple of 4.
import { add, at, load4, store4 } from './lanes';

/** to [steps][padded][width] from rows number order [rows] of x [...][steps][features]; rows beyond `rows` are zero. */
export function gather(rows: i32, padded: i32, steps: i32, features: i32, width: i32, x: usize, order: usize, to: usize): void {
  if (padded != rows || width != features) memory.fill(to, 0, (steps * padded * width) << 2);
  const whole = (features & ~3) << 2, end = features << 2;
  for (let r = 0; r < rows; r++) {
    let from = at(x, load<i32>(at(order, r)) * steps * features);
    for (let t = 0; t < steps; t++) {
      const target = at(to, (t * padded + r) * width);
      let j: i32 = 0;
      for (; j < whole; j += 16) store4(target + j, load4(from + j));
      for (; j < end; j += 4) store<f32>(target + j, load<f32>(from + j));
      from += end;
    }
  }
}

/**
 * Copies columns between step-major arrays: to [steps][rows][ldTo] (+)= from [steps][rows][ldFrom], the first `columns` of each, a multiple
 * of 4. reversed: the last step comes first, as the backward half of a bidirectional layer reads.
 */
export function place(steps: i32, rows: i32, columns: i32, from: usize, ldFrom: i32, to: usize, ldTo: i32, reversed: bool, accumulate: bool): void {
  for (let t = 0; t < steps; t++) {
    const source = at(from, (reversed ? steps - 1 - t : t) * rows * ldFrom), target = at(to, t * rows * ldTo);
    for (let r = 0; r < rows; r++) {
      const a = at(source, r * ldFrom), b = at(target, r * ldTo);
      for (let j: i32 = 0; j < columns << 2; j += 16) store4(b + j, accumulate ? add(load4(b + j), load4(a + j)) : load4(a + j));
    }
  }
}
