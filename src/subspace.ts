import type { Batch } from './model.js';

/** The plane that ordinary rows lie near. */
export interface Subspace {
  /** How far each row lies off the plane: mean absolute residual over the columns, in standard deviations. */
  residual(batch: Batch): Float32Array;
}

/**
 * The subspace method (Lakhina, Crovella, Diot, SIGCOMM 2004): principal components of benign rows; what they cannot rebuild is unusual,
 * whatever attacks were known. Rows must have one step.
 * @param benign rows to fit on, columns standardised
 * @param columns the numeric ones among them
 * @param components kept; at most the number of columns
 */
export function fitSubspace(benign: Batch, columns: readonly number[], components = 12): Subspace {
  const { x, rows, features } = benign;
  const d = columns.length;
  const mean = new Float64Array(d);
  for (let i = 0; i < rows; i++) for (let a = 0; a < d; a++) mean[a] = mean[a]! + x[i * features + columns[a]!]!;
  for (let a = 0; a < d; a++) mean[a] = mean[a]! / Math.max(1, rows);
  const covariance = new Float64Array(d * d);
  const centred = new Float64Array(d);
  for (let i = 0; i < rows; i++) {
    for (let a = 0; a < d; a++) centred[a] = x[i * features + columns[a]!]! - mean[a]!;
    for (let a = 0; a < d; a++) for (let b = a; b < d; b++) covariance[a * d + b] = covariance[a * d + b]! + centred[a]! * centred[b]!;
  }
  for (let a = 0; a < d; a++) for (let b = 0; b < a; b++) covariance[a * d + b] = covariance[b * d + a]!;
  const { values, vectors } = jacobi(covariance, d);
  const axes = Array.from({ length: d }, (_, k) => k)
    .sort((a, b) => values[b]! - values[a]! || a - b)
    .slice(0, Math.min(components, d))
    .map((k) => Float64Array.from({ length: d }, (_, a) => vectors[a * d + k]!));
  return {
    residual(batch) {
      const out = new Float32Array(batch.rows);
      const row = new Float64Array(d);
      const rebuilt = new Float64Array(d);
      for (let i = 0; i < batch.rows; i++) {
        for (let a = 0; a < d; a++) row[a] = batch.x[i * batch.features + columns[a]!]! - mean[a]!;
        rebuilt.fill(0);
        for (const axis of axes) {
          let along = 0;
          for (let a = 0; a < d; a++) along += axis[a]! * row[a]!;
          for (let a = 0; a < d; a++) rebuilt[a] = rebuilt[a]! + along * axis[a]!;
        }
        let off = 0;
        for (let a = 0; a < d; a++) off += Math.abs(row[a]! - rebuilt[a]!);
        out[i] = off / Math.max(1, d);
      }
      return out;
    },
  };
}

/** Eigenvalues and vectors (in columns) of a symmetric matrix by cyclic Jacobi rotations: + - * / and square roots alone. */
export function jacobi(matrix: Float64Array, d: number): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const m = Float64Array.from(matrix);
  const v = new Float64Array(d * d);
  let size = 0;
  for (let i = 0; i < d; i++) v[i * d + i] = 1;
  for (const x of m) size += x * x;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < d; p++) for (let q = p + 1; q < d; q++) off += m[p * d + q]! * m[p * d + q]!;
    if (off <= 1e-24 * size) break;
    for (let p = 0; p < d; p++) for (let q = p + 1; q < d; q++) rotate(m, v, d, p, q);
  }
  return { values: Float64Array.from({ length: d }, (_, i) => m[i * d + i]!), vectors: v };
}

function rotate(m: Float64Array, v: Float64Array, d: number, p: number, q: number): void {
  const apq = m[p * d + q]!;
  if (apq === 0) return;
  const theta = (m[q * d + q]! - m[p * d + p]!) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < d; k++) {
    const a = m[k * d + p]!;
    const b = m[k * d + q]!;
    m[k * d + p] = c * a - s * b;
    m[k * d + q] = s * a + c * b;
  }
  for (let k = 0; k < d; k++) {
    const a = m[p * d + k]!;
    const b = m[q * d + k]!;
    m[p * d + k] = c * a - s * b;
    m[q * d + k] = s * a + c * b;
    const e = v[k * d + p]!;
    const f = v[k * d + q]!;
    v[k * d + p] = c * e - s * f;
    v[k * d + q] = s * e + c * f;
  }
}
