import { strFromU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canonical, sha256 } from '../../src/hash.js';
import { type BundledModel, readBundle, writeBundle } from '../../src/stores/bundle.js';
import { modelsOf, putModels } from '../../src/stores/bundled-models.js';
import { COPY_TAG, copyRuns } from '../../src/stores/copy-runs.js';
import { createFileRegistry } from '../../src/stores/registry-files.js';
import { createEmbeddedTracking, type EmbeddedTracking } from '../../src/stores/tracking-embedded.js';
import type { Tracking } from '../../src/tracking.js';
import { draftVersion } from '../contracts/version.js';
import { testFolder } from './folder.js';

const opened = (dir = testFolder()): EmbeddedTracking => {
  const tracking = createEmbeddedTracking(dir);
  onTestFinished(() => tracking.close());
  return tracking;
};

/** A run with two nested ones, metrics of every kind, files and data sets; and one that stands alone. */
async function recorded() {
  const store = opened();
  const parent = await store.start({ experiment: 'lab', name: 'day1', startTime: 1000, tags: { 'netloop.seed': '7' } });
  const children: string[] = [];
  for (const n of [1, 2]) {
    const child = await store.start({ experiment: 'lab', name: `cycle ${n}`, parent, startTime: 1000 + n });
    await store.log(child, {
      params: { cycle: String(n) },
      metrics: [
        { key: 'loss', value: 0.5 / n, step: 1, timestamp: 5 },
        { key: 'loss', value: 0.25 / n, step: 2, timestamp: 6 },
        { key: 'auc', value: Number.NaN, step: 1, timestamp: 5 },
        { key: 'up', value: Number.POSITIVE_INFINITY, step: 1, timestamp: 5 },
      ],
      datasets: [{ name: 'day1', sha256: 'ab'.repeat(32), source: 'day1.pcap', context: 'training' }],
    });
    await store.artifact(child, 'plots/pr.svg', `<svg>${n}</svg>`);
    await store.finish(child, n === 1 ? 'FINISHED' : 'FAILED', 2000 + n);
    children.push(child);
  }
  await store.artifact(parent, 'spec.json', '{}');
  await store.finish(parent, 'FINISHED', 3000);
  const alone = await store.start({ experiment: 'other', name: 'alone', startTime: 500 });
  return { store, parent, children, alone };
}

/** All that a store holds, without what the copy adds. */
async function everything(store: EmbeddedTracking, runs: readonly string[]) {
  return Promise.all(
    runs.map(async (id) => {
      const [run] = await store.runs({ id });
      const { [COPY_TAG]: _, 'netloop.key': __, ...tags } = run!.tags;
      return {
        ...run,
        tags,
        history: await Promise.all(Object.keys(run!.metrics).map(async (key) => [key, await store.history(id, key)])),
        files: await Promise.all(
          (await store.artifacts(id)).map(async (path) => [path, Buffer.from(await store.readArtifact(id, path)).toString()]),
        ),
      };
    }),
  );
}

describe('copying runs', () => {
  it('copies everything, parents first, and nothing again', async () => {
    const { store, parent, children, alone } = await recorded();
    const to = opened();
    const all = [parent, ...children, alone];
    expect(await copyRuns(store, to)).toMatchObject({ copied: 4, present: 0 });
    expect(await everything(to, all)).toEqual(await everything(store, all));
    expect(await copyRuns(store, to)).toMatchObject({ copied: 0, present: 4 });
    await store.log(alone, { tags: { more: '1' } });
    const states: string[] = [];
    await copyRuns(store, to, { onRun: (run, state) => states.push(`${run.name}: ${state}`) });
    expect(states.filter((state) => !state.endsWith('there already'))).toEqual(['alone: copied']);
    expect((await to.runs()).length).toBe(4);
    expect((await to.runs({ id: alone }))[0]!.tags.more).toBe('1');
  });

  it('copies one run with what is nested in it, or one nested run', async () => {
    const { store, parent, children } = await recorded();
    const whole = opened();
    expect((await copyRuns(store, whole, { only: [parent] })).copied).toBe(3);
    expect(await whole.runs({ parent })).toHaveLength(2);
    const other = opened();
    await other.start({ experiment: 'lab', name: 'day1', id: parent });
    expect((await copyRuns(store, other, { only: [children[1]!] })).copied).toBe(1);
    expect((await other.runs({ parent }))[0]!.name).toBe('cycle 2');
  });

  it('is finished by a second attempt wherever the first was cut short', async () => {
    const { store, parent, children, alone } = await recorded();
    const all = [parent, ...children, alone];
    const good = await everything(store, all);
    for (let cut = 0; cut < 24; cut++) {
      const to = opened();
      let calls = 0;
      const cutting =
        <A extends unknown[], T>(call: (...args: A) => Promise<T>) =>
        async (...args: A): Promise<T> => {
          if (calls++ === cut) throw new Error('cut');
          return call(...args);
        };
      const bad: Tracking = {
        start: cutting(to.start),
        log: cutting(to.log),
        artifact: cutting(to.artifact),
        finish: cutting(to.finish),
        runs: to.runs,
      };
      await copyRuns(store, bad).catch(() => {});
      await copyRuns(store, to);
      expect(await everything(to, all)).toEqual(good);
      expect(await to.runs()).toHaveLength(4);
    }
  });
});

describe('a bundle', () => {
  it('brings runs and models into another home, and is the same bytes each time', async () => {
    const { store, parent, children } = await recorded();
    const dir = testFolder();
    const registry = createFileRegistry({ dir });
    await registry.put({ ...draftVersion('flow', 1), run: 'e'.repeat(32) });
    await registry.put({ ...draftVersion('flow', 2, 1), run: children[0]! });
    await registry.put({ ...draftVersion('flow', 3, 2), run: children[1]! });
    const models = await modelsOf(registry, dir, new Set([parent, ...children]));
    expect(models.map(({ name, version }) => `${name}@${version}`)).toEqual(['flow@2', 'flow@3']);
    const bytes = await writeBundle(store, [parent], models);
    expect(sha256(bytes)).toBe(sha256(await writeBundle(store, [parent], models)));

    const bundle = readBundle(bytes, 'lab.zip');
    const to = opened();
    const there = createFileRegistry({ dir: testFolder() });
    await there.put(draftVersion('flow', 9));
    const { copied, ids } = await copyRuns(bundle, to);
    expect(copied).toBe(3);
    expect(await everything(to, [parent, ...children])).toEqual(await everything(store, [parent, ...children]));
    expect([...(await putModels(there, bundle.models, ids))]).toEqual([
      ['flow@2', 2],
      ['flow@3', 3],
    ]);
    const [, second, third] = await there.list('flow');
    expect(second).toMatchObject({ parent: null, run: children[0], note: 'seed 2' });
    expect(third).toMatchObject({ parent: 2, run: children[1], model: { sha256: draftVersion('flow', 3).model.sha256 } });
    // Once more changes nothing.
    expect((await copyRuns(bundle, to)).copied).toBe(0);
    await putModels(there, bundle.models, ids);
    expect(await there.list('flow')).toHaveLength(3);
  });

  const tampered: readonly (readonly [string, RegExp, (parts: Record<string, Uint8Array>) => void])[] = [
    [
      'a changed metric',
      /run\.json does not match its hash/,
      (parts) => edit(parts, /cycle|run\.json$/, (text) => text.replace('0.5', '0.1')),
    ],
    ['a missing file', /spec\.json is missing/, (parts) => remove(parts, /spec\.json$/)],
    ['an added file', /stray\.txt is not listed/, (parts) => void Object.assign(parts, { 'stray.txt': new Uint8Array(1) })],
    [
      'a changed list',
      /does not match its seal/,
      (parts) => edit(parts, /^bundle\.json$/, (text) => text.replace('"runs":["', '"runs":["f')),
    ],
    ['no list', /JSON/, (parts) => remove(parts, /^bundle\.json$/)],
  ];
  it.each(tampered)('with %s is refused', async (_, said, change) => {
    const { store, parent } = await recorded();
    const parts = unzipSync(await writeBundle(store, [parent]));
    change(parts);
    expect(() => readBundle(zipSync(parts), 'lab.zip')).toThrow(expect.objectContaining({ code: 'NL_FILE_CORRUPT' }));
    expect(() => readBundle(zipSync(parts), 'lab.zip')).toThrow(said);
  });

  it('is refused wherever it is cut, and when any byte is flipped', async () => {
    const { store, parent } = await recorded();
    const bytes = await writeBundle(store, [parent]);
    for (let at = 0; at < bytes.length; at += 97) {
      expect(() => readBundle(bytes.subarray(0, at), 'lab.zip')).toThrow(expect.objectContaining({ code: 'NL_FILE_CORRUPT' }));
    }
    const good = contents(bytes);
    for (let at = 0; at < bytes.length; at += 13) {
      const flipped = bytes.slice();
      flipped[at]! ^= 0x10;
      let found: string | null = null;
      try {
        found = contents(flipped); // a byte that carries nothing (a date, a permission) may differ
        readBundle(flipped, 'lab.zip');
      } catch (error) {
        if (found !== null) expect(error).toMatchObject({ code: 'NL_FILE_CORRUPT' });
        continue;
      }
      expect(found).toBe(good);
    }
  });

  it('of another format says so, and one that points outside its run is not followed', async () => {
    const { store, parent } = await recorded();
    const parts = unzipSync(await writeBundle(store, [parent]));
    const list = JSON.parse(strFromU8(parts['bundle.json']!));
    const sealed = (change: Record<string, unknown>) => {
      const { seal: _, ...body } = { ...list, ...change };
      return zipSync({ ...parts, 'bundle.json': Buffer.from(JSON.stringify({ ...body, seal: sha256(canonical(body)) })) });
    };
    expect(() => readBundle(sealed({ format: 'netloop-runs-2' }), 'x.zip')).toThrow(expect.objectContaining({ code: 'NL_FILE_FORMAT' }));
    const evil = `runs/${parent}/files/../../../evil.txt`;
    parts[evil] = Buffer.from('x');
    const bytes = sealed({ files: { ...list.files, [evil]: sha256(parts[evil]!) } });
    await expect(copyRuns(readBundle(bytes, 'x.zip'), opened())).rejects.toMatchObject({ code: 'NL_OPTION' });
    const model: BundledModel = { name: 'flow', version: 1, files: { '../../x': new Uint8Array(1) } };
    await expect(putModels(createFileRegistry({ dir: testFolder() }), [model], new Map())).rejects.toMatchObject({
      code: 'NL_FILE_CORRUPT',
    });
  });

  it('of runs that are not there is refused', async () => {
    const { store } = await recorded();
    await expect(writeBundle(store, ['f'.repeat(32)])).rejects.toMatchObject({ code: 'NL_RUN_UNKNOWN' });
  });
});

const remove = (parts: Record<string, Uint8Array>, name: RegExp): void => {
  for (const path of Object.keys(parts)) if (name.test(path)) delete parts[path];
};
const edit = (parts: Record<string, Uint8Array>, name: RegExp, change: (text: string) => string): void => {
  for (const path of Object.keys(parts)) if (name.test(path)) parts[path] = Buffer.from(change(strFromU8(parts[path]!)));
};
const contents = (bytes: Uint8Array): string =>
  sha256(canonical(Object.fromEntries(Object.entries(unzipSync(bytes)).map(([path, part]) => [path, sha256(part)]))));
