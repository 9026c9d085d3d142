import { number } from './errors.js';
import type { Batch, LabelledBatch } from './model.js';
import { createRandom, type Random } from './random.js';

export interface ForestOptions {
  /** How many trees vote. */
  readonly trees?: number;
  /** Columns tried at each split; 0: the square root of all. */
  readonly tries?: number;
  /** A node with fewer rows is a leaf. */
  readonly minSplit?: number;
  readonly seed: number;
}

/** Extremely randomised trees, grown. */
export interface Forest {
  /** Mean share of attacks in the leaves a row falls into, 0 to 1. */
  predict(batch: Batch): Float32Array;
  readonly nodes: number;
}

/** One tree in flat arrays: node i splits on `column[i]` at `cut[i]`; a leaf has column -1 and its share of attacks in `cut`. */
interface Tree {
  readonly column: Int32Array;
  readonly cut: Float32Array;
  /** Where the left child is; the right one follows it. */
  readonly left: Int32Array;
}

/**
 * Grows extremely randomised trees (Geurts, Ernst, Wehenkel 2006) on all rows: at each node `tries` columns that vary are drawn, one cut each,
 * uniform between the column's least and most, and the purest split is taken (Gini); trees grow until leaves are pure. What no tree has
 * seen falls into leaves by chance, so votes differ: a forest is unsure of novelty, where a network goes on along a straight line.
 * Rows must have one step. Same rows, options and seed: same bits.
 * @throws NL_OPTION
 * @example const forest = growForest(batch, { trees: 100, seed: 1 }); forest.predict(batch);
 */
export function growForest(batch: LabelledBatch, { trees = 100, tries = 0, minSplit = 2, seed }: ForestOptions): Forest {
  number('trees', trees, { min: 1, max: 10_000, integer: true });
  number('tries', tries, { min: 0, integer: true });
  number('rows', batch.rows, { min: 1 });
  const width = batch.steps * batch.features;
  const drawn = Math.min(width, tries || Math.max(1, Math.round(Math.sqrt(width))));
  const dice = createRandom(seed);
  const turned = byColumn(batch, width);
  const grown = Array.from({ length: trees }, (_, i) => growTree(turned, width, drawn, minSplit, dice.fork(`tree ${i}`)));
  return {
    nodes: grown.reduce((n, { column }) => n + column.length, 0),
    predict({ x, rows }) {
      const votes = new Float64Array(rows);
      for (const tree of grown) vote(tree, x, rows, width, votes);
      return Float32Array.from(votes, (v) => v / trees);
    },
  };
}

function vote({ column, cut, left }: Tree, x: Float32Array, rows: number, width: number, votes: Float64Array): void {
  for (let i = 0; i < rows; i++) {
    let node = 0;
    for (let c = column[0]!; c >= 0; c = column[node]!) node = left[node]! + (x[i * width + c]! < cut[node]! ? 0 : 1);
    votes[i] = votes[i]! + cut[node]!;
  }
}

/** A node to be split: its rows in the order, and the columns that may still vary among them. */
interface Open {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly columns: Int32Array;
}

function growTree({ columns: x, y, rows }: ByColumn, width: number, drawn: number, minSplit: number, dice: Random): Tree {
  const column: number[] = [];
  const cut: number[] = [];
  const left: number[] = [];
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  const node = (): number => {
    cut.push(0);
    left.push(0);
    return column.push(-1) - 1;
  };
  const open: Open[] = [{ at: node(), from: 0, to: rows, columns: Int32Array.from({ length: width }, (_, i) => i) }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { at, from, to } = next;
    let attacks = 0;
    for (let i = from; i < to; i++) attacks += y[order[i]!]!;
    const mixed = attacks > 0 && attacks < to - from && to - from >= minSplit;
    const split = mixed ? bestSplit(x, y, rows, order.subarray(from, to), attacks, next.columns, drawn, dice) : null;
    if (!split) {
      cut[at] = attacks / (to - from);
      continue;
    }
    let middle = from;
    const values = x.subarray(split.column * rows, (split.column + 1) * rows);
    for (let i = from; i < to; i++) {
      const row = order[i]!;
      if (values[row]! >= split.cut) continue;
      order[i] = order[middle]!;
      order[middle++] = row;
    }
    column[at] = split.column;
    cut[at] = split.cut;
    left[at] = node();
    open.push({ at: node(), from: middle, to, columns: split.columns }, { at: left[at]!, from, to: middle, columns: split.columns });
  }
  return { column: Int32Array.from(column), cut: Float32Array.from(cut), left: Int32Array.from(left) };
}

interface Split {
  readonly column: number;
  readonly cut: number;
  /** Columns that may vary below. */
  readonly columns: Int32Array;
}

/** The purest of `drawn` random splits over columns that vary among these rows; null where none varies. */
function bestSplit(
  x: Float32Array,
  y: Float32Array,
  rows: number,
  order: Int32Array,
  attacks: number,
  columns: Int32Array,
  drawn: number,
  dice: Random,
): Split | null {
  const n = order.length;
  let column = -1;
  let bestCut = 0;
  let purest = -1;
  let constant: Set<number> | null = null;
  // Columns are drawn without replacement; one that does not vary here costs no try, and is not looked at again below.
  for (let left = columns.length, tried = 0; left > 0 && tried < drawn; left--) {
    const pick = dice.below(left);
    const c = columns[pick]!;
    columns[pick] = columns[left - 1]!;
    columns[left - 1] = c;
    const start = c * rows;
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < n; i++) {
      const v = x[start + order[i]!]!;
      if (v < least) least = v;
      if (v > most) most = v;
    }
    if (!(least < most)) {
      constant ??= new Set();
      constant.add(c);
      continue;
    }
    tried++;
    // Rounding to float32 may land on the least value, which would leave one side empty.
    const uniform = Math.fround(least + (most - least) * dice.next());
    const cut = uniform > least ? uniform : most;
    let below = 0;
    let belowAttacks = 0;
    for (let i = 0; i < n; i++) {
      const row = order[i]!;
      if (x[start + row]! >= cut) continue;
      below++;
      belowAttacks += y[row]!;
    }
    // Weighted Gini of two classes falls as this rises: sum over sides of (attacks^2 + benign^2) / rows.
    const above = n - below;
    const aboveAttacks = attacks - belowAttacks;
    const purity =
      (belowAttacks * belowAttacks + (below - belowAttacks) * (below - belowAttacks)) / below +
      (aboveAttacks * aboveAttacks + (above - aboveAttacks) * (above - aboveAttacks)) / above;
    if (purity <= purest) continue;
    purest = purity;
    column = c;
    bestCut = cut;
  }
  if (column < 0) return null;
  const known = constant;
  return { column, cut: bestCut, columns: known === null ? columns : columns.filter((c) => !known.has(c)) };
}

/** A batch turned on its side: all rows of column 0, then of column 1 … A split reads one column of many rows. */
interface ByColumn {
  readonly columns: Float32Array;
  readonly y: Float32Array;
  readonly rows: number;
}

function byColumn({ x, y, rows }: LabelledBatch, width: number): ByColumn {
  const columns = new Float32Array(rows * width);
  for (let i = 0; i < rows; i++) for (let c = 0; c < width; c++) columns[c * rows + i] = x[i * width + c]!;
  return { columns, y, rows };
}
