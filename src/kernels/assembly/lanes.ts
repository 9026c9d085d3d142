// Four float32 lanes (v128) and addresses counted in floats. Every kernel multiplies, then adds: never fused, so every machine rounds alike.

/** Address of float `i` of the array at `p`. */
// @ts-ignore: decorator
@inline export function at(p: usize, i: i32): usize {
  return p + (<usize>i << 2);
}
// @ts-ignore: decorator
@inline export function load4(p: usize): v128 {
  return v128.load(p);
}
// @ts-ignore: decorator
@inline export function store4(p: usize, v: v128): void {
  v128.store(p, v);
}
// @ts-ignore: decorator
@inline export function splat(x: f32): v128 {
  return f32x4.splat(x);
}
// @ts-ignore: decorator
@inline export function add(a: v128, b: v128): v128 {
  return f32x4.add(a, b);
}
// @ts-ignore: decorator
@inline export function sub(a: v128, b: v128): v128 {
  return f32x4.sub(a, b);
}
// @ts-ignore: decorator
@inline export function mul(a: v128, b: v128): v128 {
  return f32x4.mul(a, b);
}
/** Sum of the four lanes, always in the order (0 + 1) + (2 + 3). */
// @ts-ignore: decorator
@inline export function sumLanes(v: v128): f32 {
  return f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}
