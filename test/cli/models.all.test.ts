import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createModel, loadModel } from '../../src/networks/load.js';
import { readKeras } from '../../src/stores/keras/read.js';
import { kerasH5 } from '../../src/stores/keras/write.js';
import { createFileRegistry, type FileRegistry } from '../../src/stores/registry-files.js';
import { createTestHome, type TestHome } from './home.js';

let home: TestHome;
let registry: FileRegistry;
const at = (...path: string[]): string => join(home.dir, ...path);

beforeAll(async () => {
  home = createTestHome();
  registry = createFileRegistry({ dir: at('models') });
  const { code, stderr } = await home.netloop('run', home.spec, '--set', 'publish=true', '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
});
afterAll(() => home.remove());

describe('every version of an experiment', () => {
  test.each([
    ['behaviour', 'beh_lstm.h5'],
    ['flow', 'ann.h5'],
  ] as const)('%s carries %s, with the same weights', async (name, file) => {
    const versions = await registry.list(name);
    expect(versions.length).toBeGreaterThan(0);
    for (const { version, model } of versions) {
      const path = at('models', name, String(version), file);
      expect(await readKeras(readFileSync(path), path)).toEqual(model);
    }
  });

  test('the file is in the manifest', async () => {
    const manifest = JSON.parse(readFileSync(at('models/behaviour/1/manifest.json'), 'utf8')) as { files: object };
    expect(Object.keys(manifest.files)).toContain('beh_lstm.h5');
  });
});

describe('netloop models export and import', () => {
  test.each(['keras', 'h5'])('a champion goes out as .%s and comes back as a version that is not live', async (format) => {
    const champion = (await registry.current('behaviour'))!;
    const out = await home.netloop('models', 'export', 'behaviour', '--format', format, '--json');
    expect(JSON.parse(out.stdout)).toMatchObject({ name: 'behaviour', version: champion.version, file: `beh_lstm.${format}` });
    const { stdout, stderr, code } = await home.netloop('models', 'import', 'behaviour', `beh_lstm.${format}`, '--json');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const made = JSON.parse(stdout) as { version: number; sha256: string };
    expect(made.sha256).toBe(champion.model.sha256);
    const stored = await registry.load('behaviour', made.version);
    expect(stored).toMatchObject({ parent: null, run: null, metrics: {}, sequence: champion.sequence, encoder: champion.encoder });
    expect(stored.note).toMatch(new RegExp(`^imported from beh_lstm\\.${format} .* with the encoder of behaviour@${champion.version}$`));
    expect(existsSync(at('models/behaviour', String(made.version), 'beh_lstm.h5'))).toBe(true);
    expect((await registry.current('behaviour'))!.version).toBe(champion.version);
  });

  test('an imported version can be promoted, found and scored', async () => {
    const { encoder } = (await registry.current('flow'))!;
    const model = createModel({ kind: 'mlp', steps: 1, features: encoder.width, units: [], dense: [5] }, { seed: 1 }).save();
    writeFileSync(at('mine.h5'), await kerasH5(model));
    const put = await home.netloop('models', 'import', 'flow', 'mine.h5', '--encoder-from', 'flow@1', '--note', 'by hand');
    const version = Number(/promote flow (\d+) --force/.exec(put.stdout)?.[1]);
    const unjudged = await home.netloop('models', 'promote', 'flow', String(version));
    expect([unjudged.code, unjudged.stderr]).toEqual([1, expect.stringMatching(/^NL_GATE flow@\d+ does not go live: it was imported/)]);
    expect((await home.netloop('models', 'promote', 'flow', String(version), '--force', '--why', 'measured elsewhere')).code).toBe(0);
    const live = (await registry.current('flow'))!;
    expect([live.version, live.note, live.model]).toEqual([version, 'by hand', model]);
    const x = new Float32Array(encoder.width);
    expect(loadModel(live.model).predict({ x, rows: 1, steps: 1, features: encoder.width })[0]).toBeGreaterThan(0);
  });

  test.each<[string, string, RegExp, () => Promise<Uint8Array>, string[]]>([
    [
      'another width',
      'NL_MODEL_SCHEMA',
      /it takes 3 columns, the encoder of flow@\d+ gives \d+; name its own with --encoder-from/,
      () => kerasH5(createModel({ kind: 'mlp', steps: 1, features: 3, units: [], dense: [2] }, { seed: 1 }).save()),
      [],
    ],
    [
      'the other learner',
      'NL_MODEL_SCHEMA',
      /flow is an MLP over single flows/,
      () => kerasH5(createModel({ kind: 'lstm', steps: 2, features: 3, units: [2], dense: [] }, { seed: 1 }).save()),
      [],
    ],
    ['a damaged file', 'NL_MODEL_CORRUPT', /bad\.h5/, async () => Buffer.from('\x89HDF\r\n\x1a\n and so on', 'latin1'), []],
    ['a version that is not there', 'NL_MODEL_UNKNOWN', /flow/, async () => new Uint8Array(1), ['--encoder-from', 'flow@99']],
  ])('%s is refused, and nothing is stored', async (_, code, message, bytes, flags) => {
    const before = (await registry.list('flow')).length;
    writeFileSync(at('bad.h5'), await bytes());
    const ended = await home.netloop('models', 'import', 'flow', 'bad.h5', ...flags);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(new RegExp(`^${code} `));
    expect(ended.stderr).toMatch(message);
    expect((await registry.list('flow')).length).toBe(before);
  });

  test('a file that is not there, a folder that is not there', async () => {
    expect((await home.netloop('models', 'import', 'flow', 'none.h5')).stderr).toMatch(/^NL_FILE_MISSING cannot read none\.h5 \(ENOENT\)/);
    expect((await home.netloop('models', 'export', 'flow', '--out', 'no/where/ann.h5')).stderr).toMatch(/^NL_STORE_WRITE cannot write/);
  });
});
