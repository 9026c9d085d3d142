import { createHmac } from 'node:crypto';

/** How addresses leave the process: as they are, with the host part cut (/24, /48), or as keyed pseudonyms. */
export type AddressPrivacy = 'keep' | 'truncate' | 'pseudonym';

/** A keyed id for anything: HMAC-SHA256, 16 hex digits. Without the key it cannot be linked or reversed. */
export const keyedId = (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex').slice(0, 16);

const truncate4 = (address: string): string => `${address.split('.').slice(0, 3).join('.')}.0`;

/** The /48 of an IPv6 address, in full groups. */
function truncate6(address: string): string {
  const [head = '', tail = ''] = address.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const groups = address.includes('::') ? [...left, ...new Array<string>(8 - left.length - right.length).fill('0'), ...right] : left;
  return `${groups.slice(0, 3).join(':')}::`;
}

/**
 * Masks one address.
 * @example maskAddress('192.0.2.77', 'truncate')  // '192.0.2.0'
 */
export function maskAddress(address: string, mode: AddressPrivacy, key = ''): string {
  if (mode === 'keep' || address === '') return address;
  if (mode === 'pseudonym') return `anon-${keyedId(key, address)}`;
  return address.includes(':') ? truncate6(address) : truncate4(address);
}
