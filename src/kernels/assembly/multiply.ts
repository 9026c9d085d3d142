// Matrix products from 4 x 8 register tiles (more accumulators than eight spill in V8).
//
// Packed right factor: B [k][n] as n/8 panels of [k][8], so that a tile reads it in one straight line.
// Packed left factor: A [m][k] as m/4 strips of [k][4]. Each element of a product is summed over k in ascending order, whatever the tile.
import { add, at, load4, mul, splat, store4 } from './lanes';

/** Bytes of one row of a panel: 8 floats. */
const PANEL: i32 = 32;

/** Bytes of one row of a strip: 4 floats. */
const STRIP: i32 = 16;

/** Rows of a packed left factor whose strips, some 20 KB, stay in the first cache while all panels pass by. */
const NEAR: i32 = 32;

/** C [4][8] (+)= A [4][k] B [k][8], A one packed strip: it and B are each read in one straight line. */
// @ts-ignore: decorator
@inline function tile4(k: i32, a: usize, b: usize, c: usize, rowC: i32, accumulate: bool): void {
  const c1 = c + rowC, c2 = c1 + rowC, c3 = c2 + rowC;
  let s00 = splat(0), s01 = splat(0), s10 = splat(0), s11 = splat(0);
  let s20 = splat(0), s21 = splat(0), s30 = splat(0), s31 = splat(0);
  if (accumulate) {
    s00 = load4(c); s01 = load4(c + 16);
    s10 = load4(c1); s11 = load4(c1 + 16);
    s20 = load4(c2); s21 = load4(c2 + 16);
    s30 = load4(c3); s31 = load4(c3 + 16);
  }
  const end = b + k * PANEL;
  while (b < end) {
    const b0 = load4(b), b1 = load4(b + 16);
    let x = v128.load_splat<f32>(a);
    s00 = add(s00, mul(x, b0)); s01 = add(s01, mul(x, b1));
    x = v128.load_splat<f32>(a, 4);
    s10 = add(s10, mul(x, b0)); s11 = add(s11, mul(x, b1));
    x = v128.load_splat<f32>(a, 8);
    s20 = add(s20, mul(x, b0)); s21 = add(s21, mul(x, b1));
    x = v128.load_splat<f32>(a, 12);
    s30 = add(s30, mul(x, b0)); s31 = add(s31, mul(x, b1));
    a += STRIP;
    b += PANEL;
  }
  store4(c, s00); store4(c + 16, s01);
  store4(c1, s10); store4(c1 + 16, s11);
  store4(c2, s20); store4(c2 + 16, s21);
  store4(c3, s30); store4(c3 + 16, s31);
}

/** C [1][8] (+)= A [1][k] B [k][8]. */
// @ts-ignore: decorator
@inline function tile1(k: i32, a: usize, b: usize, c: usize, accumulate: bool): void {
  let s0 = splat(0), s1 = splat(0);
  if (accumulate) { s0 = load4(c); s1 = load4(c + 16); }
  const end = b + k * PANEL;
  while (b < end) {
    const x = v128.load_splat<f32>(a);
    s0 = add(s0, mul(x, load4(b))); s1 = add(s1, mul(x, load4(b + 16)));
    a += 4; b += PANEL;
  }
  store4(c, s0); store4(c + 16, s1);
}

/** C [1][32] (+)= A [1][k] B [k][32]: four panels side by side, because one row alone waits for its own additions. */
// @ts-ignore: decorator
@inline function tile1wide(k: i32, a: usize, b: usize, c: usize, accumulate: bool): void {
  const panel = k * PANEL;
  let s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0), s4 = splat(0), s5 = splat(0), s6 = splat(0), s7 = splat(0);
  if (accumulate) {
    s0 = load4(c); s1 = load4(c + 16); s2 = load4(c + 32); s3 = load4(c + 48);
    s4 = load4(c + 64); s5 = load4(c + 80); s6 = load4(c + 96); s7 = load4(c + 112);
  }
  let b1 = b + panel, b2 = b1 + panel, b3 = b2 + panel;
  const end = b1;
  while (b < end) {
    const x = v128.load_splat<f32>(a);
    s0 = add(s0, mul(x, load4(b))); s1 = add(s1, mul(x, load4(b + 16)));
    s2 = add(s2, mul(x, load4(b1))); s3 = add(s3, mul(x, load4(b1 + 16)));
    s4 = add(s4, mul(x, load4(b2))); s5 = add(s5, mul(x, load4(b2 + 16)));
    s6 = add(s6, mul(x, load4(b3))); s7 = add(s7, mul(x, load4(b3 + 16)));
    a += 4; b += PANEL; b1 += PANEL; b2 += PANEL; b3 += PANEL;
  }
  store4(c, s0); store4(c + 16, s1); store4(c + 32, s2); store4(c + 48, s3);
  store4(c + 64, s4); store4(c + 80, s5); store4(c + 96, s6); store4(c + 112, s7);
}

/** C [m][n] (+)= A B, both packed: strips are stripBytes apart, panels panelBytes. m is a multiple of 4, n of 8. */
// @ts-ignore: decorator
@inline function product(m: i32, n: i32, k: i32, a: usize, stripBytes: i32, b: usize, panelBytes: i32, c: usize, accumulate: bool): void {
  const rowC = n << 2;
  for (let first = 0; first < m; first += NEAR) {
    const end = min(first + NEAR, m);
    for (let p = 0; p < n >> 3; p++) {
      const bp = b + p * panelBytes, cp = c + p * PANEL;
      for (let i = first; i < end; i += 4) tile4(k, a + (i >> 2) * stripBytes, bp, cp + i * rowC, rowC, accumulate);
    }
  }
}

/**
 * C [m][n] (+)= A [m][k] B. A's rows are lda floats apart, B is packed, C's rows are n floats apart; n is a multiple of 8, m and k are free.
 * strips holds m x k floats: packing A first costs less than the four pointers that would follow its rows.
 */
export function multiply(m: i32, n: i32, k: i32, a: usize, lda: i32, b: usize, c: usize, accumulate: bool, strips: usize): void {
  const rowA = lda << 2, rowC = n << 2, panel = k * PANEL;
  const tiled = m & ~3;
  packRows(tiled, k, a, rowA, strips);
  if (accumulate) product(tiled, n, k, strips, k * STRIP, b, panel, c, true);
  else product(tiled, n, k, strips, k * STRIP, b, panel, c, false);
  for (let i = tiled; i < m; i++) {
    let p = 0;
    for (; p + 4 <= n >> 3; p += 4) tile1wide(k, a + i * rowA, b + p * panel, c + i * rowC + p * PANEL, accumulate);
    for (; p < n >> 3; p++) tile1(k, a + i * rowA, b + p * panel, c + i * rowC + p * PANEL, accumulate);
  }
}

/**
 * C [m][n] = A B, both packed, k rows of each: how a weight gradient sums over rows and steps. m is a multiple of 4, n of 8.
 * stripBytes and panelBytes are the distances of strips and panels, so that a product may leave out leading rows.
 */
export function multiplyPacked(m: i32, n: i32, k: i32, a: usize, stripBytes: i32, b: usize, panelBytes: i32, c: usize): void {
  product(m, n, k, a, stripBytes, b, panelBytes, c, false);
}

/** Packs A [m][k], rows rowA bytes apart, into strips of four rows; m is a multiple of 4. */
function packRows(m: i32, k: i32, a: usize, rowA: i32, to: usize): void {
  const whole = k & ~3;
  for (let i = 0; i < m; i += 4) {
    let from = a + i * rowA;
    for (let j = 0; j < whole; j += 4) {
      transpose4(from, rowA, to, STRIP);
      from += 16;
      to += 4 * STRIP;
    }
    for (let j = whole; j < k; j++) {
      for (let r = 0; r < 4; r++) store<f32>(at(to, r), load<f32>(from + r * rowA));
      from += 4;
      to += STRIP;
    }
  }
}

/** Packs B [k][n] into panels. */
export function pack(k: i32, n: i32, b: usize, to: usize): void {
  for (let p = 0; p < n; p += 8) {
    for (let i = 0; i < k; i++) {
      const from = at(b, i * n + p);
      store4(to, load4(from)); store4(to + 16, load4(from + 16));
      to += PANEL;
    }
  }
}

/** Packs the transpose of B [n][k] into panels: element (i, p) of the right factor is B (p, i). k is a multiple of 4. */
export function packTransposed(k: i32, n: i32, b: usize, to: usize): void {
  const row = k << 2;
  for (let p = 0; p < n; p += 8) {
    let from = at(b, p * k);
    for (let i = 0; i < k; i += 4) {
      transpose4(from, row, to, PANEL);
      transpose4(from + 4 * row, row, to + 16, PANEL);
      from += 16;
      to += 4 * PANEL;
    }
  }
}

/** Four rows of four floats, rowBytes apart, become four columns, toBytes apart. */
// @ts-ignore: decorator
@inline function transpose4(a: usize, rowBytes: i32, to: usize, toBytes: i32): void {
  const r0 = load4(a), r1 = load4(a + rowBytes), r2 = load4(a + 2 * rowBytes), r3 = load4(a + 3 * rowBytes);
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5), high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5), high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  store4(to, v128.shuffle<i64>(low01, low23, 0, 2));
  store4(to + toBytes, v128.shuffle<i64>(low01, low23, 1, 3));
  store4(to + 2 * toBytes, v128.shuffle<i64>(high01, high23, 0, 2));
  store4(to + 3 * toBytes, v128.shuffle<i64>(high01, high23, 1, 3));
}

/** Packs B [k][n] into panels and sums its columns: sum [n] = 1^T B, k ascending. */
export function packAndSum(k: i32, n: i32, b: usize, to: usize, sum: usize): void {
  for (let p = 0; p < n; p += 8) {
    let s0 = splat(0), s1 = splat(0);
    for (let i = 0; i < k; i++) {
      const from = at(b, i * n + p);
      const b0 = load4(from), b1 = load4(from + 16);
      s0 = add(s0, b0); s1 = add(s1, b1);
      store4(to, b0); store4(to + 16, b1);
      to += PANEL;
    }
    store4(at(sum, p), s0); store4(at(sum, p + 4), s1);
  }
}

/** Packs the transpose of A [k][m] into strips: strip s holds columns 4s to 4s+3 of every row. m is a multiple of 4. */
export function packStrips(k: i32, m: i32, a: usize, to: usize): void {
  const row = m << 2;
  for (let s = 0; s < m; s += 4) {
    let from = at(a, s);
    for (let i = 0; i < k; i++) {
      store4(to, load4(from));
      from += row; to += STRIP;
    }
  }
}
