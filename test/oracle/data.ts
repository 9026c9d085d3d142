import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The shared captures and other tools' results; never committed. In CI they must be there. */
export const data = process.env.NETLOOP_DATA ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'data');

export function absent(folder: string): boolean {
  if (existsSync(join(data, folder))) return false;
  if (process.env.CI) throw new Error(`${folder} is absent from ${data}, and CI must have it`);
  console.log(`skipped: ${folder} is not at hand (NETLOOP_DATA)`);
  return true;
}
