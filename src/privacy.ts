import { createCipheriv, createHash, createHmac } from 'node:crypto';

/** How addresses leave the process: as they are, with the host part cut (/24, /48), or as keyed, prefix-preserving pseudonyms. */
export const addressPrivacies = ['keep', 'truncate', 'pseudonym'] as const;
export type AddressPrivacy = (typeof addressPrivacies)[number];

/** A keyed id for anything: HMAC-SHA256, 16 hex digits. Without the key it cannot be linked or reversed. */
export const keyedId = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex').slice(0, 16);

const octets = (address: string): number[] | null => {
  const parts = address.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256) ? parts.map(Number) : null;
};

/** The bytes of an IPv4 (4) or IPv6 (16) address; null for any other text. A zone (`%eth0`) is no part of an address. */
export function addressBytes(address: string): Uint8Array | null {
  const four = octets(address);
  if (four) return Uint8Array.from(four);
  const halves = address.split('::');
  if (!address.includes(':') || halves.length > 2) return null;
  const groups = (half: string): number[] | null => {
    const found: number[] = [];
    const parts = half === '' ? [] : half.split(':');
    for (const [i, part] of parts.entries()) {
      const tail = i === parts.length - 1 && half === halves.at(-1) ? octets(part) : null;
      if (tail) found.push(tail[0]! * 256 + tail[1]!, tail[2]! * 256 + tail[3]!);
      else if (/^[0-9a-f]{1,4}$/i.test(part)) found.push(Number.parseInt(part, 16));
      else return null;
    }
    return found;
  };
  const [left, right] = [groups(halves[0]!), groups(halves[1] ?? '')];
  if (!left || !right) return null;
  const missing = 8 - left.length - right.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const all = [...left, ...new Array<number>(missing).fill(0), ...right];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
}

/** An address from its bytes; IPv6 with its longest run of zero groups cut (RFC 5952). */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16));
  const runs = [...groups.join(':').matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)].sort((a, b) => b[0].length - a[0].length);
  const text = groups.join(':');
  const run = runs[0];
  if (!run) return text;
  const [before, after] = [text.slice(0, run.index ?? 0), text.slice((run.index ?? 0) + run[0].length)];
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}

/**
 * Crypto-PAn (Xu, Fan, Ammar, Moon 2002): two addresses that share their first n bits share exactly n bits of their pseudonyms, so
 * networks stay networks and nothing else is told. For IPv6 the same over 128 bits.
 * @param key 32 bytes: 16 of AES-128, 16 that the pad is made of
 */
export function createPseudonyms(key: Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const encrypt = (blocks: Uint8Array): Buffer => {
    const cipher = createCipheriv('aes-128-ecb', key.subarray(0, 16), null).setAutoPadding(false);
    return Buffer.concat([cipher.update(blocks), cipher.final()]);
  };
  const pad = encrypt(key.subarray(16, 32));
  return (bytes) => {
    const bits = bytes.length * 8;
    const blocks = new Uint8Array(bits * 16);
    for (let i = 0; i < bits; i++) {
      const at = i * 16;
      blocks.set(pad, at);
      blocks.set(bytes.subarray(0, i >> 3), at); // the first i bits are the address's, the rest is the pad's
      if (i % 8 > 0) {
        const mask = (0xff00 >> (i % 8)) & 0xff;
        blocks[at + (i >> 3)] = (bytes[i >> 3]! & mask) | (pad[i >> 3]! & ~mask & 0xff);
      }
    }
    const out = Uint8Array.from(bytes);
    const sealed = encrypt(blocks);
    for (let i = 0; i < bits; i++) out[i >> 3]! ^= (sealed[i * 16]! >> 7) << (7 - (i % 8));
    return out;
  };
}

const truncated = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i < (bytes.length === 4 ? 3 : 6) ? byte : 0));

/** What of a person's traffic leaves the process, and in which form: one switch for every door. */
export interface Mask {
  readonly mode: AddressPrivacy;
  /** One IP address; any other text comes back as `text` gives it. */
  address(address: string): string;
  /** A user: an address, or a name, which becomes a keyed id. */
  user(user: string): string;
  /** Every IP and MAC address in a text, masked; loopback, unspecified and broadcast addresses name nobody and stay. */
  text(text: string): string;
  /** `text` on every string inside a JSON value, keys too. */
  deep<T>(value: T): T;
}

const MAC = /(?<![0-9a-z:-])[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?![0-9a-z:-])/gi;
const MAYBE_4 = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)/g;
const MAYBE_6 = /(?<![0-9a-z:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:(?:\.\d{1,3}){3})?(?![0-9a-z:])/gi;
const NOBODY = /^(127\.|0\.0\.0\.0$|255\.255\.255\.255$|::1?$)/;
const REMEMBERED = 1 << 16;

/**
 * @param key of pseudonyms and keyed ids: whoever has it can link and, by trying all, reverse them; whoever deletes it ends both
 * @example createMask({ mode: 'truncate', key }).text('scan from 192.0.2.77')  // 'scan from 192.0.2.0'
 */
export function createMask({ mode, key = '' }: { readonly mode: AddressPrivacy; readonly key?: string }): Mask {
  const pseudonym = createPseudonyms(createHash('sha256').update(`addresses ${key}`).digest());
  const known = new Map<string, string>();
  const masked = (address: string): string | null => {
    const found = known.get(address);
    if (found !== undefined) return found;
    const bytes = addressBytes(address);
    if (!bytes) return null;
    const text = addressText(mode === 'truncate' ? truncated(bytes) : pseudonym(bytes));
    if (known.size >= REMEMBERED) known.clear();
    known.set(address, text);
    return text;
  };
  const mac = (address: string): string => {
    const digits = keyedId(key, `mac ${address.toLowerCase().replaceAll('-', ':')}`);
    return `02${digits.slice(0, 10).replace(/../g, ':$&')}`; // locally administered: no maker's number
  };
  const free = (address: string): string => (NOBODY.test(address) ? address : (masked(address) ?? address));
  const text = (given: string): string => (mode === 'keep' ? given : given.replace(MAC, mac).replace(MAYBE_6, free).replace(MAYBE_4, free));
  const deep = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(deep);
    if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [text(name), deep(inner)]));
  };
  return {
    mode,
    address: (address) => (mode === 'keep' || address === '' ? address : (masked(address) ?? text(address))),
    user: (user) => (mode === 'keep' || user === '' || user === '*' ? user : (masked(user) ?? keyedId(key, `user ${user}`))),
    text,
    deep: <T>(value: T): T => (mode === 'keep' ? value : (deep(value) as T)),
  };
}

let lastMask: { readonly mode: AddressPrivacy; readonly key: string; readonly mask: Mask } | null = null;

/**
 * Masks one address.
 * @example maskAddress('192.0.2.77', 'truncate')  // '192.0.2.0'
 */
export function maskAddress(address: string, mode: AddressPrivacy, key = ''): string {
  if (lastMask?.mode !== mode || lastMask.key !== key) lastMask = { mode, key, mask: createMask({ mode, key }) };
  return lastMask.mask.address(address);
}
