// Writes to one store until the disk refuses, then says how often it went well and how it was told; or counts what is there.
// Runs the compiled code.
import { createAlertStore } from '../../dist/stores/alerts-sqlite.js';
import { findHome, prepareHome } from '../../dist/stores/home.js';
import { createJournal } from '../../dist/stores/journal-sqlite.js';
import { createFileRegistry } from '../../dist/stores/registry-files.js';
import { createSpooledTracking } from '../../dist/stores/spool.js';
import { createEmbeddedTracking } from '../../dist/stores/tracking-embedded.js';

const [kind, mode, dir, payload] = process.argv.slice(2);
const { draft, alert, start } = JSON.parse(payload);
draft.model.weights = Uint8Array.from(draft.model.weights);
const ballast = 'x'.repeat(40_000);
const metrics = Array.from({ length: 1000 }, (_, step) => ({ key: 'loss', value: step, step }));
const home = findHome(dir, { NETLOOP_HOME: dir });
const nowhere = () => {
  throw new Error('the server is gone');
};

/** Each store: how to write to it once (the nth time), and how to count what it has. */
const stores = {
  home: () => ({ write: async () => prepareHome(home), count: async () => 0 }),
  registry: () => {
    const registry = createFileRegistry({ dir: home.models, extras: () => ({ ballast: Buffer.from(ballast) }) });
    const write = async () => registry.promote('flow', (await registry.put(draft)).version, 'fits');
    return { write, count: async () => (await registry.current('flow'))?.version ?? 0 };
  },
  alerts: () => {
    const store = createAlertStore(home.alerts);
    return { write: (n) => store.append([{ ...alert, id: String(n), evidence: { note: ballast } }]), count: () => store.count() };
  },
  journal: () => {
    const journal = createJournal(home.journal);
    const write = async (number) => journal.advance(await journal.begin({ ...start, number }), 'labelling', { ballast });
    return { write, count: async () => (await journal.history()).filter(({ state }) => state === 'labelling').length };
  },
  tracking: () => {
    const tracking = createEmbeddedTracking(home.tracking);
    const write = async (n) => tracking.log(await tracking.start({ experiment: 'e', name: `r${n}` }), { metrics });
    return { write, count: async () => (await tracking.runs()).filter((run) => run.metrics.loss === 999).length };
  },
  artifacts: () => {
    const tracking = createEmbeddedTracking(home.tracking);
    const write = async (n) => tracking.artifact(await tracking.start({ experiment: 'e', name: `r${n}` }), 'a/b', ballast);
    const files = async ({ id }) => (await tracking.artifacts(id)).length;
    return { write, count: async () => (await Promise.all((await tracking.runs()).map(files))).reduce((a, b) => a + b, 0) };
  },
  spool: () => {
    const tracking = createSpooledTracking(mode === 'write' ? nowhere : () => createEmbeddedTracking(home.tracking), home.spool);
    const write = async (n) => tracking.log(await tracking.start({ experiment: 'e', name: `r${n}` }), { metrics });
    return { write, count: async () => (await tracking.runs()).filter((run) => run.metrics.loss === 999).length };
  },
};

async function answer() {
  let done = 0;
  try {
    const { write, count } = stores[kind]();
    if (mode === 'count') return { count: await count() };
    for (; done < 1000; done++) await write(done);
    return { done };
  } catch ({ code, message }) {
    return { done, code, message };
  }
}
console.log(JSON.stringify(await answer()));
process.exit(0);
