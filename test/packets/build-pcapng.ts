/** The blocks of pcapng, in either byte order. */
import { bytes, u16, u32 } from './build.js';

export type Word = (n: number) => number[];
export const big: Word = u32;
export const little: Word = (n) => u32(n).reverse();
export const half = (w: Word, n: number): number[] => (w === big ? u16(n) : u16(n).reverse());
export const padded = (b: ArrayLike<number>): Uint8Array => bytes(b, new Uint8Array((4 - (b.length % 4)) % 4));
export const block = (w: Word, type: number, body: Uint8Array): Uint8Array =>
  bytes(w(type), w(12 + body.length), body, w(12 + body.length));
export const section = (w: Word): Uint8Array =>
  block(w, 0x0a0d0d0a, bytes(w(0x1a2b3c4d), half(w, 1), half(w, 0), w(0xffffffff), w(0xffffffff)));
export const option = (w: Word, kind: number, value: number[]): Uint8Array => bytes(half(w, kind), half(w, value.length), padded(value));
export const iface = (w: Word, link: number, ...options: Uint8Array[]): Uint8Array =>
  block(w, 1, bytes(half(w, link), half(w, 0), w(0), ...options, half(w, 0), half(w, 0)));
export const enhanced = (w: Word, id: number, time: bigint, data: Uint8Array): Uint8Array =>
  block(w, 6, bytes(w(id), w(Number(time >> 32n)), w(Number(time & 0xffffffffn)), w(data.length), w(data.length), padded(data)));
export const simple = (w: Word, data: Uint8Array): Uint8Array => block(w, 3, bytes(w(data.length), padded(data)));
export const obsolete = (w: Word, id: number, time: bigint, data: Uint8Array): Uint8Array =>
  block(
    w,
    2,
    bytes(half(w, id), half(w, 0), w(Number(time >> 32n)), w(Number(time & 0xffffffffn)), w(data.length), w(data.length), padded(data)),
  );
