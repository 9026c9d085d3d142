import type { Packet } from '../../../src/packet.js';

/** Lower address first; ports decide between equal addresses. The words compare as unsigned. */
export function isOrdered(p: Packet, srcPort: number, dstPort: number): boolean {
  if (p.src0 !== p.dst0) return p.src0 >>> 0 < p.dst0 >>> 0;
  if (p.src1 !== p.dst1) return p.src1 >>> 0 < p.dst1 >>> 0;
  if (p.src2 !== p.dst2) return p.src2 >>> 0 < p.dst2 >>> 0;
  if (p.src3 !== p.dst3) return p.src3 >>> 0 < p.dst3 >>> 0;
  return srcPort <= dstPort;
}

const mix = (h: number, word: number): number => {
  const k = Math.imul(word, 0xcc9e2d51);
  const x = h ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return Math.imul((x << 13) | (x >>> 19), 5) + 0xe6546b64;
};

/**
 * MurmurHash3's rounds over the key, from a seed that an attacker does not know: the same for both directions, so that a flood of chosen
 * tuples cannot aim at one slot.
 */
export function hashKey(p: Packet, srcPort: number, dstPort: number, salt: number, seed: number): number {
  let h = mix(seed, salt);
  const ordered = isOrdered(p, srcPort, dstPort);
  if (p.version === 6) {
    h = ordered ? mix(mix(mix(h, p.src0), p.src1), p.src2) : mix(mix(mix(h, p.dst0), p.dst1), p.dst2);
    h = ordered ? mix(mix(mix(h, p.dst0), p.dst1), p.dst2) : mix(mix(mix(h, p.src0), p.src1), p.src2);
  }
  h = ordered ? mix(mix(mix(h, p.src3), p.dst3), (srcPort << 16) | dstPort) : mix(mix(mix(h, p.dst3), p.src3), (dstPort << 16) | srcPort);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
