import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLog, scrub } from '../../src/service/log.js';
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

  test('addresses are masked wherever they stand; what only looks like one stays', () => {
    const text = 'from 192.0.2.77:443 to 2001:db8:1:2::9 (02:00:5e:10:00:07) at 2026-01-01T10:30:00.000Z v1.2.3 ::1 {"h":"198.51.100.4"}';
    expect(scrub(text, 'truncate')).toBe(
      'from 192.0.2.0:443 to 2001:db8:1:: ((mac)) at 2026-01-01T10:30:00.000Z v1.2.3 0:0:0:: {"h":"198.51.100.0"}',
    );
    expect(scrub(text, 'keep')).toBe(text);
    const hidden = scrub(text, 'pseudonym', 'key');
    for (const canary of ['192.0.2', '2001:db8', '198.51', '02:00:5e']) expect(hidden).not.toContain(canary);
    const log = join(testFolder(), 'service.log');
    createLog({ file: log, privacy: 'truncate' }).write('warn', 'x', { message: 'refused 192.0.2.77' });
    expect(lines(log)[0]!.message).toBe('refused 192.0.2.0');
  });
});
