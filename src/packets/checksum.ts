/**
 * The Internet checksum (RFC 1071) of bytes[from .. to), added to `sum`: 0xffff where a stored checksum is right and counted in.
 * Sums of 16-bit words stay below 2^32 for anything an IP length can name.
 */
export function checksum(bytes: Uint8Array, from: number, to: number, sum = 0): number {
  let total = sum;
  const even = to - 1;
  let at = from;
  for (; at < even; at += 2) total += (bytes[at]! << 8) | bytes[at + 1]!;
  if (at < to) total += bytes[at]! << 8;
  while (total > 0xffff) total = Math.floor(total / 65536) + (total & 0xffff);
  return total;
}

/** The pseudo-header's part of the sum, for both IP versions: addresses, protocol, length of the transport part (RFC 793, 8200). */
export function pseudoSum(bytes: Uint8Array, addresses: number, octets: number, protocol: number, length: number): number {
  let sum = protocol + (length >>> 16) + (length & 0xffff);
  for (let at = addresses; at < addresses + octets; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  return sum;
}
