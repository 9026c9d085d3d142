import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { openBytes } from './compressed.js';

/**
 * SHA-256 of a file as stored, hex.
 * @throws NL_FILE_MISSING, NL_FILE_EMPTY, NL_FILE_FORMAT (a folder)
 */
export async function hashFile(path: string): Promise<string> {
  await (await openBytes(path)).close();
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/**
 * SHA-256 of a file's content, decompressed: the same whether somebody packed it or not.
 * @throws what `openBytes` throws
 */
export async function hashContent(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of (await openBytes(path)).chunks) hash.update(chunk);
  return hash.digest('hex');
}
