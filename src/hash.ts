import { createHash } from 'node:crypto';

/** SHA-256 of the parts in order, hex. Numbers in typed arrays are hashed as the machine's little-endian bytes. */
export function sha256(...parts: readonly (string | ArrayBufferView)[]): string {
  const hash = createHash('sha256');
  let text = ''; // short texts go to the hash together: a call costs more than a kilobyte
  for (const part of parts) {
    if (typeof part === 'string' && text.length < 65_536) text += part;
    else {
      hash.update(text);
      text = typeof part === 'string' ? part : '';
      if (typeof part !== 'string') hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    }
  }
  hash.update(text);
  return hash.digest('hex');
}

/** JSON with sorted keys: the same value gives the same text. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
}
