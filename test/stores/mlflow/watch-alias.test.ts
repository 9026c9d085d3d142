import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { NetloopError } from '../../../src/errors.js';
import { type AliasWatchOptions, watchAlias } from '../../../src/stores/mlflow/watch-alias.js';
import type { AliasReader } from '../../../src/stores/model-mirror.js';
import { createEmbeddedTracking } from '../../../src/stores/tracking-embedded.js';
import { testFolder } from '../folder.js';

async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !done(); i++) await sleep(10);
  expect(done()).toBe(true);
}

/** A store with three versions of the flow model; `move` is what MLflow's page does, through a connection of its own. */
async function pages() {
  const dir = testFolder();
  const store = createEmbeddedTracking(dir);
  const page = createEmbeddedTracking(dir);
  onTestFinished(() => {
    store.close();
    page.close();
  });
  for (const version of [1, 2, 3]) await store.registerModel({ name: 'flow', version, run: null, note: '', tags: {}, files: {} });
  await store.setAlias('flow', 'champion', 1);
  let looks = 0;
  const counted: AliasReader = {
    aliased: async (name, alias) => {
      looks++;
      return store.aliased(name, alias);
    },
  };
  const seen = async (n = looks + 3) => until(() => looks >= n);
  return { counted, seen, move: (version: number) => page.setAlias('flow', 'champion', version) };
}

function watched(reader: AliasReader, options: Partial<AliasWatchOptions> = {}) {
  const moves: number[] = [];
  const warnings: string[] = [];
  const state = { live: 1 };
  const watch = watchAlias(reader, {
    names: ['flow'],
    every: 5,
    current: async () => state.live,
    onMove: async (_, version) => {
      moves.push(version);
      state.live = version;
    },
    onWarning: ({ code }) => warnings.push(code),
    ...options,
  });
  onTestFinished(() => watch.close());
  return { moves, warnings, state, look: watch.look };
}

it('follows the alias, each move once', async () => {
  const { counted, seen, move } = await pages();
  const { moves, warnings } = watched(counted);
  await seen();
  expect(moves).toEqual([]);
  await move(3);
  await until(() => moves.length === 1);
  await move(2);
  await until(() => moves.length === 2);
  await seen();
  expect(moves).toEqual([3, 2]);
  expect(warnings).toEqual([]);
});

it("takes the registry's own promotion for no news, and the first look for none either", async () => {
  const { counted, seen, move } = await pages();
  const { moves, state } = watched(counted);
  await seen();
  state.live = 2;
  await move(2);
  await seen();
  expect(moves).toEqual([]);
});

it('says once that the pages do not answer, and goes on when they do', async () => {
  const { counted, seen, move } = await pages();
  let out = false;
  const line: AliasReader = {
    aliased: async (name, alias) => {
      const version = await counted.aliased(name, alias);
      if (out) throw new NetloopError('NL_SERVER', 'out');
      return version;
    },
  };
  const { moves, warnings } = watched(line);
  await seen();
  out = true;
  await seen();
  await move(2);
  await seen();
  expect(warnings).toEqual(['NL_SERVER']);
  out = false;
  await until(() => moves.length === 1);
  expect(moves).toEqual([2]);
});

it('tells of a version that cannot go live, once', async () => {
  const { counted, seen, move } = await pages();
  const refuse = async () => {
    throw new NetloopError('NL_MODEL_CORRUPT', 'damaged');
  };
  const { warnings } = watched(counted, { onMove: refuse });
  await seen();
  await move(3);
  await until(() => warnings.length === 1);
  await seen();
  expect(warnings).toEqual(['NL_MODEL_CORRUPT']);
});

it('looks when it is told to, also when it is told while it looks', async () => {
  const { counted, seen, move } = await pages();
  const held: (() => void)[] = [];
  let hold = false;
  const slow: AliasReader = {
    aliased: async (name, alias) => {
      const version = await counted.aliased(name, alias);
      if (hold) await new Promise<void>((resolve) => held.push(resolve));
      return version;
    },
  };
  const { moves, look } = watched(slow, { every: 3_600_000 });
  await seen(1);
  await move(2);
  look();
  await until(() => moves.length === 1);
  hold = true;
  look();
  await until(() => held.length === 1); // it has read where the alias stands, and not yet acted
  await move(3);
  look();
  hold = false;
  held[0]!();
  await until(() => moves.length === 2);
  expect(moves).toEqual([2, 3]);
});
