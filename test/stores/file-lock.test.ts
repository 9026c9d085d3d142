import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { holdFileLock, withFileLock } from '../../src/stores/file-lock.js';
import { testFolder } from './folder.js';

it('lets one in at a time, and every one in the end', async () => {
  const file = join(testFolder(), '.lock');
  let inside = 0;
  let most = 0;
  const done = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      withFileLock(file, async () => {
        most = Math.max(most, ++inside);
        await sleep(2);
        inside--;
        return i;
      }),
    ),
  );
  expect(most).toBe(1);
  expect(done).toEqual(Array.from({ length: 12 }, (_, i) => i));
});

it('says NL_BUSY when it stays held, and lets go when the work throws', async () => {
  const file = join(testFolder(), '.lock');
  const release = await holdFileLock(file);
  await expect(holdFileLock(file, { wait: 30 })).rejects.toMatchObject({ code: 'NL_BUSY' });
  release();
  await expect(withFileLock(file, () => Promise.reject(new Error('the work failed')))).rejects.toThrow('the work failed');
  (await holdFileLock(file, { wait: 0 }))();
});

it('keeps another process out, and is free as soon as that one is killed', async () => {
  const file = join(testFolder(), '.lock');
  const module = join(import.meta.dirname, '../../dist/stores/file-lock.js');
  const script = `import { holdFileLock } from ${JSON.stringify(module)}; await holdFileLock(${JSON.stringify(file)}); console.log('held'); setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', script]);
  await once(other.stdout, 'data');
  await expect(holdFileLock(file, { wait: 30 })).rejects.toMatchObject({ code: 'NL_BUSY' });
  const gone = once(other, 'exit');
  other.kill('SIGKILL');
  await gone;
  (await holdFileLock(file, { wait: 0 }))();
});
