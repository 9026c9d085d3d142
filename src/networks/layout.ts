import type { Architecture } from '../model.js';

/**
 * One array of weights. In a file it is rows x (groups x columns), as Keras lays it out; in a kernel's memory every dimension is padded
 * with zeros to what the register tiles need. Padding takes part in no result: its weights, and so its gradients, stay exactly zero.
 */
export interface Block {
  readonly name: string;
  readonly rows: number;
  readonly paddedRows: number;
  /** 2 when its rows are a bidirectional layer's two halves, each padded for itself. */
  readonly halves: number;
  /** 4 for the gates of an LSTM, else 1. */
  readonly groups: number;
  readonly columns: number;
  readonly paddedColumns: number;
  /** Where it begins in a file and in memory, in floats. */
  readonly start: number;
  readonly offset: number;
}

/** The weights of one reading direction. */
export interface LstmBlocks {
  readonly kernel: Block;
  readonly recurrent: Block;
  readonly bias: Block;
}

export interface LstmLayout extends LstmBlocks {
  /** Its layer's name, as `frozen` names it; blocks are `name/…`. */
  readonly name: string;
  /** Columns of its input that count, and the distance between input rows. */
  readonly inputs: number;
  readonly width: number;
  /** Padded. */
  readonly units: number;
  /** Padded columns of its output: twice the units when bidirectional. */
  readonly out: number;
  /** The weights that read backwards, when bidirectional. */
  readonly back: LstmBlocks | null;
}

export interface DenseLayout {
  readonly name: string;
  readonly inputs: number;
  readonly width: number;
  readonly units: number;
  readonly kernel: Block;
  readonly bias: Block;
}

/** Where each weight of an architecture lies: order kernel, recurrent, bias for each LSTM layer (backwards after forwards), then kernel, bias for each dense layer and the output. */
export interface Layout {
  readonly architecture: Architecture;
  /** Floats a step of input takes in memory. */
  readonly width: number;
  readonly lstm: readonly LstmLayout[];
  readonly dense: readonly DenseLayout[];
  readonly output: DenseLayout;
  readonly blocks: readonly Block[];
  /** Floats of all weights in a file and in memory. */
  readonly count: number;
  readonly padded: number;
}

const upTo = (multiple: number, n: number): number => Math.ceil(n / multiple) * multiple;

/** Lays out an architecture that `checkArchitecture` has passed. */
export function layOut(architecture: Architecture): Layout {
  const blocks: Block[] = [];
  let start = 0;
  let offset = 0;
  const width = upTo(4, architecture.features);
  let inputs = architecture.features;
  let from = width; // padded size of what the next layer reads
  let halves = 1;
  const add = (
    name: string,
    rows: number,
    paddedRows: number,
    groups: number,
    columns: number,
    paddedColumns: number,
    parts = 1,
  ): Block => {
    const made = { name, rows, paddedRows, halves: parts, groups, columns, paddedColumns, start, offset };
    start += rows * groups * columns;
    offset += upTo(4, paddedRows * groups * paddedColumns);
    blocks.push(made);
    return made;
  };
  const lstm = architecture.units.map((columns, i): LstmLayout => {
    const units = upTo(8, columns);
    const direction = (name: string): LstmBlocks => ({
      kernel: add(`${name}/kernel`, inputs, from, 4, columns, units, halves),
      recurrent: add(`${name}/recurrent`, columns, units, 4, columns, units),
      bias: add(`${name}/bias`, 1, 1, 4, columns, units),
    });
    const name = `lstm_${i}`;
    const both = architecture.bidirectional === true;
    const sizes = { name, inputs: i === 0 ? inputs : from, width: from, units, out: both ? 2 * units : units };
    const layer = { ...sizes, ...direction(name), back: both ? direction(`${name}/backward`) : null };
    halves = both ? 2 : 1;
    inputs = halves * columns;
    from = layer.out;
    return layer;
  });
  const denseLayer = (name: string, columns: number, units: number, first: boolean): DenseLayout => {
    const layer = {
      name,
      inputs: first ? inputs : from,
      width: from,
      units,
      kernel: add(`${name}/kernel`, inputs, from, 1, columns, units, halves),
      bias: add(`${name}/bias`, 1, 1, 1, columns, units),
    };
    inputs = columns;
    from = units;
    halves = 1;
    return layer;
  };
  const dense = architecture.dense.map((columns, i) => denseLayer(`dense_${i}`, columns, upTo(8, columns), i === 0 && lstm.length === 0));
  const output = denseLayer('output', 1, 1, false);
  return { architecture, width, lstm, dense, output, blocks, count: start, padded: offset };
}

/** Copies weights from file order into memory order; `to` must be zero where it is padding. */
export function pad(layout: Layout, from: Float32Array, to: Float32Array): void {
  eachRun(layout, (start, offset, length) => {
    for (let i = 0; i < length; i++) to[offset + i] = from[start + i]!;
  });
}

/** The inverse of `pad`. */
export function unpad(layout: Layout, from: Float32Array): Float32Array {
  const to = new Float32Array(layout.count);
  eachRun(layout, (start, offset, length) => {
    for (let i = 0; i < length; i++) to[start + i] = from[offset + i]!;
  });
  return to;
}

function eachRun(layout: Layout, copy: (start: number, offset: number, length: number) => void): void {
  for (const b of layout.blocks) {
    const half = b.rows / b.halves;
    for (let r = 0; r < b.rows; r++) {
      const row = Math.floor(r / half) * (b.paddedRows / b.halves) + (r % half);
      for (let g = 0; g < b.groups; g++) {
        copy(b.start + (r * b.groups + g) * b.columns, b.offset + (row * b.groups + g) * b.paddedColumns, b.columns);
      }
    }
  }
}
