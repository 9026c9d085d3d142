import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NetloopError } from '../../src/errors.js';
import type { ModelMirror } from '../../src/stores/model-mirror.js';
import { branchRegistry } from '../../src/stores/registry-branch.js';
import { createFileRegistry, type FileRegistryOptions } from '../../src/stores/registry-files.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import { registryContract } from '../contracts/registry.js';
import { draftVersion } from '../contracts/version.js';
import { testFolder } from './folder.js';

registryContract('the file registry', (now) => createFileRegistry({ dir: testFolder(), now }));

function registryIn(dir: string, options: Partial<FileRegistryOptions> = {}) {
  const warnings: NetloopError[] = [];
  return { warnings, registry: createFileRegistry({ dir, onWarning: (warning) => warnings.push(warning), ...options }) };
}

/** Three versions, each the child of the one before, each promoted. */
async function three(dir: string) {
  const opened = registryIn(dir);
  for (const parent of [null, 1, 2]) {
    const { version } = await opened.registry.put(draftVersion('behaviour', (parent ?? 0) + 1, parent));
    await opened.registry.promote('behaviour', version, `cycle ${version}`);
  }
  return opened;
}

const flip = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(file, bytes);
};

describe('a version on disk', () => {
  it('is a folder with manifest, weights under their known name, and encoder', async () => {
    const dir = testFolder();
    const { registry } = registryIn(dir, { extras: () => ({ 'beh_lstm.h5': Uint8Array.of(9) }) });
    await registry.put(draftVersion('behaviour', 1));
    await registry.put(draftVersion('flow', 1));
    expect(readdirSync(join(dir, 'behaviour/1')).sort()).toEqual(['beh_lstm.h5', 'beh_lstm.weights', 'encoder.json', 'manifest.json']);
    expect(readdirSync(join(dir, 'flow/1'))).toContain('ann.weights');
    const manifest = JSON.parse(readFileSync(join(dir, 'behaviour/1/manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({
      name: 'behaviour',
      version: 1,
      parent: null,
      sequence: { length: 10, overlap: 0.5 },
      metrics: { accuracy: 0.93 },
    });
    expect(Object.keys(manifest.files).sort()).toEqual(['beh_lstm.h5', 'beh_lstm.weights', 'encoder.json']);
  });

  it('is seen by another opener at once', async () => {
    const dir = testFolder();
    await three(dir);
    const other = registryIn(dir).registry;
    expect((await other.current('behaviour'))!.version).toBe(3);
    expect((await other.promotions('behaviour')).map(({ from, to, why }) => [from, to, why])).toEqual([
      [null, 1, 'cycle 1'],
      [1, 2, 'cycle 2'],
      [2, 3, 'cycle 3'],
    ]);
  });

  it('is never given a number twice, however many put at once', async () => {
    const dir = testFolder();
    const registries = Array.from({ length: 4 }, () => registryIn(dir).registry);
    const versions = await Promise.all(registries.flatMap((registry) => [1, 2, 3].map((seed) => registry.put(draftVersion('flow', seed)))));
    expect(versions.map(({ version }) => version).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(await registries[0]!.list('flow')).toHaveLength(12);
  });

  it('keeps promotions of many at once in one unbroken chain', async () => {
    const dir = testFolder();
    await three(dir);
    const registries = Array.from({ length: 3 }, () => registryIn(dir).registry);
    await Promise.all(registries.flatMap((registry) => [1, 2, 3, 1].map((version) => registry.promote('behaviour', version, 'race'))));
    const trail = await registries[0]!.promotions('behaviour');
    expect(trail).toHaveLength(15);
    for (let i = 1; i < trail.length; i++) expect(trail[i]!.from).toBe(trail[i - 1]!.to);
  });

  it('leaves nothing behind when it cannot be written', async () => {
    const dir = testFolder();
    writeFileSync(join(dir, 'flow'), 'a file where a folder belongs');
    const refused = registryIn(dir).registry.put(draftVersion('flow', 1));
    await expect(refused).rejects.toMatchObject({ code: 'NL_STORE_WRITE' });
    await expect(refused).rejects.toThrow(/NETLOOP_HOME/);
    const other = registryIn(dir, { extras: () => ({ 'no/such/folder': Uint8Array.of(1) }) }).registry;
    await expect(other.put(draftVersion('behaviour', 1))).rejects.toThrow();
    expect(readdirSync(join(dir, 'behaviour'))).toEqual([]);
  });

  it('sweeps up what a dead process left half-written, and not what a living one is writing', async () => {
    const dir = testFolder();
    mkdirSync(join(dir, 'flow/.put-999999999-aa'), { recursive: true });
    mkdirSync(join(dir, `flow/.put-${process.ppid}-bb`));
    await registryIn(dir).registry.put(draftVersion('flow', 1));
    expect(readdirSync(join(dir, 'flow')).sort()).toEqual([`.put-${process.ppid}-bb`, '1']);
  });
});

describe('a damaged version', () => {
  const damage: Record<string, (version: string) => void> = {
    'a flipped weight': (v) => flip(join(v, 'beh_lstm.weights'), 11),
    'truncated weights': (v) => truncateSync(join(v, 'beh_lstm.weights'), 7),
    'empty weights': (v) => truncateSync(join(v, 'beh_lstm.weights'), 0),
    'no weights': (v) => rmSync(join(v, 'beh_lstm.weights')),
    'a changed encoder': (v) => writeFileSync(join(v, 'encoder.json'), readFileSync(join(v, 'encoder.json'), 'utf8').replace('0.5', '0.6')),
    'a manifest that is no JSON': (v) => truncateSync(join(v, 'manifest.json'), 40),
    'a manifest of nothing': (v) => writeFileSync(join(v, 'manifest.json'), 'null'),
    'a changed manifest': (v) =>
      writeFileSync(join(v, 'manifest.json'), readFileSync(join(v, 'manifest.json'), 'utf8').replace('0.93', '0.99')),
    'no manifest': (v) => rmSync(join(v, 'manifest.json')),
    'nothing in it': (v) => {
      rmSync(v, { recursive: true });
      mkdirSync(v);
    },
    'the manifest of another': (v) => writeFileSync(join(v, 'manifest.json'), readFileSync(join(v, '../2/manifest.json'))),
  };

  it.each(Object.keys(damage))('%s: is refused by its name, and the last good one serves', async (kind) => {
    const dir = testFolder();
    const { registry, warnings } = await three(dir);
    damage[kind]!(join(dir, 'behaviour/3'));
    await expect(registry.load('behaviour', 3)).rejects.toMatchObject({ code: 'NL_MODEL_CORRUPT' });
    await expect(registry.promote('behaviour', 3, 'again')).rejects.toMatchObject({ code: 'NL_MODEL_CORRUPT' });
    const serving = await registry.current('behaviour');
    expect(serving).toEqual({ ...draftVersion('behaviour', 2, 1), version: 2 });
    expect(warnings.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('behaviour@3 cannot be loaded: behaviour@2 serves in its place'),
    );
    expect((await registry.list('behaviour')).map(({ version }) => version)).toEqual([1, 2]);
    expect(await registry.rollback('behaviour', 'damaged')).toMatchObject({ from: 3, to: 2 });
  });

  it('is noticed wherever it is cut, and whichever byte is flipped', async () => {
    const dir = testFolder();
    const { registry } = registryIn(dir);
    const put = await registry.put(draftVersion('flow', 1));
    for (const name of ['manifest.json', 'ann.weights', 'encoder.json']) {
      const file = join(dir, 'flow/1', name);
      const whole = readFileSync(file);
      for (let at = 0; at < whole.length; at++) {
        writeFileSync(file, whole.subarray(0, at));
        // The manifest's last byte is the end of its last line, which says nothing.
        if (name !== 'manifest.json' || at < whole.length - 1) {
          await expect(registry.load('flow', 1), `${name} cut at ${at}`).rejects.toMatchObject({ code: 'NL_MODEL_CORRUPT' });
        }
        const flipped = Buffer.from(whole);
        flipped[at] = flipped[at]! ^ 0x41;
        writeFileSync(file, flipped);
        await expect(registry.load('flow', 1), `${name} flipped at ${at}`).rejects.toMatchObject({ code: 'NL_MODEL_CORRUPT' });
      }
      writeFileSync(file, whole);
    }
    expect(await registry.load('flow', 1)).toEqual(put);
  });

  it('passes a damaged parent by when rolling back', async () => {
    const dir = testFolder();
    const { registry } = await three(dir);
    flip(join(dir, 'behaviour/2/beh_lstm.weights'), 0);
    expect(await registry.rollback('behaviour', 'worse')).toMatchObject({ from: 3, to: 1 });
  });

  it('says NL_MODEL_CORRUPT when none that was live can be loaded', async () => {
    const dir = testFolder();
    const { registry } = await three(dir);
    for (const version of [1, 2, 3]) rmSync(join(dir, `behaviour/${version}/encoder.json`));
    await expect(registry.current('behaviour')).rejects.toMatchObject({ code: 'NL_MODEL_CORRUPT' });
  });

  it('of a renamed folder does not pass for another number', async () => {
    const dir = testFolder();
    const { registry } = await three(dir);
    renameSync(join(dir, 'behaviour/3'), join(dir, 'behaviour/4'));
    await expect(registry.load('behaviour', 4)).rejects.toThrow(/speaks of behaviour@3/);
    expect((await registry.current('behaviour'))!.version).toBe(2);
  });
});

describe('the pointer and the trail', () => {
  it('agree after a kill between the two writes', async () => {
    const dir = testFolder();
    const { registry } = await three(dir);
    const trail = join(dir, 'behaviour/promotions.jsonl');
    const whole = readFileSync(trail, 'utf8');
    const lines = whole.trimEnd().split('\n');
    for (const left of [`${lines[0]}\n${lines[1]}\n`, `${lines[0]}\n${lines[1]}\n${lines[2]!.slice(0, 20)}`]) {
      writeFileSync(trail, left);
      expect((await registry.promotions('behaviour')).map(({ to }) => to)).toEqual([1, 2, 3]);
      await registry.promote('behaviour', 3, 'same');
      expect((await registry.promotions('behaviour')).map(({ to }) => to)).toEqual([1, 2, 3, 3]);
      expect(readFileSync(trail, 'utf8').startsWith(whole)).toBe(true);
      writeFileSync(trail, whole);
      writeFileSync(join(dir, 'behaviour/champion.json'), `${lines[2]}\n`);
    }
  });

  it('survive a pointer that was damaged by hand', async () => {
    const dir = testFolder();
    const { registry } = await three(dir);
    writeFileSync(join(dir, 'behaviour/champion.json'), '{"to":');
    expect((await registry.current('behaviour'))!.version).toBe(3);
    appendFileSync(join(dir, 'behaviour/promotions.jsonl'), 'scribble\n');
    expect((await registry.current('behaviour'))!.version).toBe(3);
    expect(await registry.promote('behaviour', 1, 'back')).toMatchObject({ from: 3, to: 1 });
    expect((await registry.promotions('behaviour')).map(({ to }) => to)).toEqual([1, 2, 3, 1]);
  });
});

describe('the mirror', () => {
  it('shows versions and aliases in the tracking store', async () => {
    const dir = testFolder();
    const tracking = createEmbeddedTracking(join(dir, 'tracking'));
    const { registry, warnings } = registryIn(join(dir, 'models'), { mirror: tracking });
    await registry.put(draftVersion('flow', 1));
    await registry.promote('flow', 1, 'first');
    await registry.put(draftVersion('flow', 2, 1));
    expect(await tracking.mirrored('flow')).toEqual([1, 2]);
    expect(readdirSync(join(dir, 'tracking/mlartifacts/models/flow/2')).sort()).toEqual(['ann.weights', 'encoder.json', 'manifest.json']);
    expect(warnings).toEqual([]);
    tracking.close();
  });

  it('that cannot be opened never stops a promotion', async () => {
    const dir = testFolder();
    writeFileSync(join(dir, 'tracking'), 'a file where a folder belongs');
    const { registry, warnings } = registryIn(join(dir, 'models'), { mirror: () => createEmbeddedTracking(join(dir, 'tracking')) });
    await registry.put(draftVersion('flow', 1));
    await registry.promote('flow', 1, 'first');
    expect((await registry.current('flow'))!.version).toBe(1);
    expect(warnings.map(({ cause }) => cause)).toMatchObject([{ code: 'NL_STORE_WRITE' }, { code: 'NL_STORE_WRITE' }]);
  });

  it('that fails never stops a promotion, is reported, and is caught up with later', async () => {
    const dir = testFolder();
    const seen: string[] = [];
    let out = true;
    const call = async <T>(what: string, result: T): Promise<T> => {
      if (out) throw new Error('no answer');
      seen.push(what);
      return result;
    };
    const mirror: ModelMirror = {
      mirrored: () =>
        call(
          'mirrored',
          seen.filter((what) => what.startsWith('version')).map((what) => Number(what.split(' ')[1])),
        ),
      registerModel: ({ version }) => call(`version ${version}`, undefined),
      setAlias: (_, alias, version) => call(`${alias} ${version}`, undefined),
    };
    const { registry, warnings } = registryIn(dir, { mirror });
    await registry.put(draftVersion('flow', 1));
    await registry.promote('flow', 1, 'first');
    expect((await registry.current('flow'))!.version).toBe(1);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatchObject({ code: 'NL_STORE_WRITE', cause: expect.objectContaining({ message: 'no answer' }) });
    out = false;
    await registry.put(draftVersion('flow', 2, 1));
    expect(seen).toEqual(['mirrored', 'version 1', 'version 2', 'challenger 2', 'champion 1']);
  });
});

describe('old versions', () => {
  it('leave, but for the newest, the champion and as many ways back from it; what went is on record, and numbers go on', async () => {
    const dir = testFolder();
    const { registry } = registryIn(dir, { keep: 2, now: () => 0 });
    for (const n of [1, 2, 3, 4]) {
      await registry.put(draftVersion('flow', n, n === 1 ? null : n - 1));
      await registry.promote('flow', n, `cycle ${n}`);
    }
    const numbers = async () => (await registry.list('flow')).map(({ version }) => version);
    expect(await numbers()).toEqual([1, 2, 3, 4]); // when 4 was put, 3 was live and its ways back were 2 and 1
    for (const n of [5, 6, 7]) await registry.put(draftVersion('flow', n, 4)); // none is promoted
    expect(await numbers()).toEqual([2, 3, 4, 6, 7]);
    expect((await registry.current('flow'))!.version).toBe(4);
    expect((await registry.rollback('flow', 'too loud')).to).toBe(3);
    expect((await registry.put(draftVersion('flow', 8, 3))).version).toBe(8);
    await expect(registry.promote('flow', 1, 'why not')).rejects.toMatchObject({ code: 'NL_MODEL_UNKNOWN' });
    const lines = readFileSync(join(dir, 'flow', 'pruned.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.slice(0, 2)).toEqual([
      { at: '1970-01-01T00:00:00.000Z', version: 1, parent: null },
      { at: '1970-01-01T00:00:00.000Z', version: 5, parent: 4 },
    ]);
    expect(readdirSync(join(dir, 'flow')).filter((name) => name.startsWith('.put-'))).toEqual([]);
  });

  it('may be gone where a run branches off: the champion and what comes after keep their numbers', async () => {
    const { registry } = registryIn(testFolder(), { keep: 1 });
    for (const n of [1, 2, 3]) {
      await registry.put(draftVersion('flow', n, n === 1 ? null : n - 1));
      await registry.promote('flow', n, `cycle ${n}`);
    }
    await registry.put(draftVersion('flow', 4, 3));
    expect((await registry.list('flow')).map(({ version }) => version)).toEqual([2, 3, 4]);
    const branch = await branchRegistry(registry, { flow: { champion: 3, versions: 4 } });
    const champion = (await branch.current('flow'))!;
    expect(champion).toMatchObject({ version: 3, model: (await registry.load('flow', 3)).model });
    expect((await branch.put({ ...champion, parent: 3 })).version).toBe(5);
  });
});
