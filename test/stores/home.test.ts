import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findHome, prepareHome } from '../../src/stores/home.js';
import { testFolder } from './folder.js';

describe('findHome', () => {
  it('takes NETLOOP_HOME, relative to the current folder, before anything else', () => {
    const dir = testFolder();
    mkdirSync(join(dir, '.netloop'));
    expect(findHome(dir, { NETLOOP_HOME: 'elsewhere' }).dir).toBe(join(dir, 'elsewhere'));
    expect(findHome(dir, { NETLOOP_HOME: '/srv/netloop' }).models).toBe('/srv/netloop/models');
  });

  it('takes the nearest folder above that holds .netloop or netloop itself', () => {
    const dir = testFolder();
    const deep = join(dir, 'a/b/c');
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(dir, 'package.json'), '{"name":"netloop"}');
    expect(findHome(deep, {}).dir).toBe(dir);
    mkdirSync(join(dir, 'a/.netloop'));
    expect(findHome(deep, {}).dir).toBe(join(dir, 'a'));
  });

  it('passes other packages and broken ones by, and ends at the current folder', () => {
    const dir = testFolder();
    writeFileSync(join(dir, 'package.json'), '{"name":"other"}');
    expect(findHome(dir, {}).dir).toBe(dir);
    writeFileSync(join(dir, 'package.json'), '{"name":');
    expect(findHome(dir, {}).tracking).toBe(join(dir, '.netloop/tracking'));
  });
});

describe('prepareHome', () => {
  it('says that a place cannot be written, also where the system says that a name in it does not exist', {
    skip: process.platform !== 'linux',
  }, () => {
    for (const place of ['/proc/netloop/home', '/proc/1/netloop', '/dev/null/home', '/sys/netloop']) {
      expect(() => prepareHome(findHome('/', { NETLOOP_HOME: place })), place).toThrow(expect.objectContaining({ code: 'NL_STORE_WRITE' }));
    }
  });

  it('makes the folders', () => {
    const home = findHome(testFolder(), {});
    expect(prepareHome(home)).toBe(home);
    expect(prepareHome(home)).toBe(home);
  });

  it('says NL_STORE_WRITE with the folder and what to do when it cannot', () => {
    const dir = testFolder();
    writeFileSync(join(dir, 'models'), 'a file where a folder belongs');
    const prepare = () => prepareHome(findHome(dir, { NETLOOP_HOME: dir }));
    expect(prepare).toThrow(expect.objectContaining({ code: 'NL_STORE_WRITE', where: { file: join(dir, 'models') } }));
    expect(prepare).toThrow(/NETLOOP_HOME/);
  });
});
