/** Writes packets by hand, checksums included, so that tests need no captures. */
import { checksum } from '../../src/packets/checksum.js';

function bytes(...parts: readonly (ArrayLike<number> | string)[]): Uint8Array {
  const all = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part));
  const joined = new Uint8Array(all.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of all) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
const u16 = (n: number): number[] => [(n >> 8) & 255, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n & 0xffff)];

export { bytes, u16, u32 };

export const address4 = (text: string): number[] => text.split('.').map(Number);

export function address6(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((g) => Number.parseInt(g, 16)));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const all = [...first, ...new Array(8 - first.length - last.length).fill(0), ...last];
  return all.flatMap(u16);
}

export const ethernet = (
  payload: Uint8Array,
  options: { type?: number; src?: number[]; dst?: number[]; tags?: number[] } = {},
): Uint8Array => {
  const { type = 0x0800, src = [2, 0, 0, 0, 0, 1], dst = [2, 0, 0, 0, 0, 2], tags = [] } = options;
  return bytes(
    dst,
    src,
    tags.flatMap((id) => [0x81, 0x00, ...u16(id)]),
    u16(type),
    payload,
  );
};

export function ip4(
  src: string,
  dst: string,
  protocol: number,
  payload: Uint8Array,
  options: { id?: number; offset?: number; more?: boolean } = {},
): Uint8Array {
  const { id = 1, offset = 0, more = false } = options;
  const fragment = (offset >> 3) | (more ? 0x2000 : 0);
  const header = bytes([0x45, 0], u16(20 + payload.length), u16(id), u16(fragment), [64, protocol, 0, 0], address4(src), address4(dst));
  header.set(u16(0xffff - checksum(header, 0, 20)), 10);
  const whole = bytes(header, payload);
  if (offset === 0 && !more) seal(whole, 20, 12, 8, protocol);
  return whole;
}

export function ip6(src: string, dst: string, next: number, payload: Uint8Array): Uint8Array {
  const whole = bytes([0x60, 0, 0, 0], u16(payload.length), [next, 64], address6(src), address6(dst), payload);
  seal(whole, 40, 8, 32, next);
  return whole;
}

/** Fills in the transport checksum. */
function seal(packet: Uint8Array, at: number, addresses: number, octets: number, protocol: number): void {
  const place = { 6: 16, 17: 6, 1: 2, 58: 2 }[protocol];
  if (place === undefined || packet.length < at + 8) return;
  const length = packet.length - at;
  const pseudo = protocol === 1 ? 0 : checksum(packet, addresses, addresses + octets, protocol + length);
  const sum = 0xffff - checksum(packet, at, packet.length, pseudo);
  packet.set(u16(sum === 0 && protocol === 17 ? 0xffff : sum), at + place);
}

export function tcp(
  src: number,
  dst: number,
  options: { seq?: number; ack?: number; flags?: number; window?: number },
  payload: string,
): Uint8Array {
  const { seq = 1, ack = 0, flags = 0x10, window = 1000 } = options;
  return bytes(u16(src), u16(dst), u32(seq), u32(ack), [0x50, flags], u16(window), [0, 0, 0, 0], payload);
}

export const udp = (src: number, dst: number, payload: string | Uint8Array): Uint8Array =>
  bytes(u16(src), u16(dst), u16(8 + payload.length), [0, 0], payload);

export const icmp = (type: number, code: number, payload = ''): Uint8Array => bytes([type, code, 0, 0, 0, 1, 0, 1], payload);

/** A classic pcap of frames, one every `step` microseconds. */
export function pcap(
  frames: readonly Uint8Array[],
  options: { link?: number; from?: number; step?: number; snap?: number } = {},
): Uint8Array {
  const { link = 1, from = 1_700_000_000_000_000, step = 1000, snap = 65535 } = options;
  const head = bytes(u32(0xa1b2c3d4), [0, 2, 0, 4], u32(0), u32(0), u32(65535), u32(link));
  const records = frames.map((frame, i) => {
    const ts = from + i * step;
    const kept = frame.subarray(0, snap);
    return bytes(u32(Math.floor(ts / 1e6)), u32(ts % 1e6), u32(kept.length), u32(frame.length), kept);
  });
  return bytes(head, ...records);
}
