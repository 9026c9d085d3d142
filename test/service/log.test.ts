import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AddressPrivacy, createMask } from '../../src/privacy.js';
import { createLog } from '../../src/service/log.js';
import { testFolder } from '../stores/folder.js';

const lines = (file: string) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('the log', () => {
  test('one line of JSON each, with its time', () => {
    const file = join(testFolder(), 'logs', 'service.log');
    const log = createLog({ file, now: () => 0 });
    log.write('info', 'cycle', { learner: 'flow', reason: 'one\nline' });
    log.write('error', 'failure');
    expect(lines(file)).toEqual([
      { at: '1970-01-01T00:00:00.000Z', level: 'info', event: 'cycle', learner: 'flow', reason: 'one\nline' },
      { at: '1970-01-01T00:00:00.000Z', level: 'error', event: 'failure' },
    ]);
  });

  test('turns over before it grows too large, and keeps so many; nothing is lost but the oldest, also after a restart', () => {
    const file = join(testFolder(), 'service.log');
    for (let i = 0; i < 100; i++) createLog({ file, maxBytes: 1000, keep: 3 }).write('info', 'n', { i }); // each a process of its own
    expect([1, 2, 3, 4].map((n) => existsSync(`${file}.${n}`))).toEqual([true, true, true, false]);
    const all = [3, 2, 1].flatMap((n) => lines(`${file}.${n}`)).concat(lines(file));
    for (const name of [file, `${file}.1`, `${file}.2`, `${file}.3`]) expect(readFileSync(name).length).toBeLessThanOrEqual(1000);
    const kept = all.map(({ i }) => i);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 100 - kept.length + i));
    expect(kept.length).toBeGreaterThan(40);
  });

  test('a log that cannot be written stops nobody, and says so once', () => {
    const dir = testFolder();
    mkdirSync(join(dir, 'service.log'));
    const lost: unknown[] = [];
    const log = createLog({ file: join(dir, 'service.log'), onLost: (error) => lost.push(error) });
    log.write('info', 'a');
    log.write('info', 'b');
    expect(lost).toHaveLength(1);
  });

  test('addresses that stray into a message are masked, as the setting asks', () => {
    const message = 'refused 192.0.2.77:443 and [2001:db8:1:2::9] (02:00:5e:10:00:07) at 2026-01-01T10:30:00.000Z';
    const written = (mode: AddressPrivacy): string => {
      const file = join(testFolder(), 'service.log');
      createLog({ file, mask: createMask({ mode, key: 'key' }), now: () => 0 }).write('warn', 'x', { message });
      expect(lines(file)[0]).toMatchObject({ at: '1970-01-01T00:00:00.000Z', level: 'warn', event: 'x' });
      return lines(file)[0]!.message as string;
    };
    expect(written('keep')).toBe(message);
    expect(written('truncate')).toMatch(/^refused 192\.0\.2\.0:443 and \[2001:db8:1::\] .* at 2026-01-01T10:30:00\.000Z$/);
    for (const canary of ['192.0.2', '2001:db8', '02:00:5e']) expect(written('pseudonym')).not.toContain(canary);
  });
});
