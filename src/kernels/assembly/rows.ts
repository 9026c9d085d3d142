// Rows enter as [rows][steps][features] and are worked on as [steps][rows][width], width the features padded with zeros to a multiple of 4.
import { at } from './lanes';

/** to [steps][padded][width] from x [rows][steps][features]; rows beyond `rows` are zero. */
export function gather(rows: i32, padded: i32, steps: i32, features: i32, width: i32, x: usize, to: usize): void {
  if (padded != rows || width != features) memory.fill(to, 0, (steps * padded * width) << 2);
  for (let r = 0; r < rows; r++) {
    for (let t = 0; t < steps; t++) memory.copy(at(to, (t * padded + r) * width), at(x, (r * steps + t) * features), features << 2);
  }
}
