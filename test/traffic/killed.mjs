// Runs an experiment on real stores and kills itself with SIGKILL when the flow learner's cycle reaches a state.
// usage: node killed.mjs HOME LOG STATE CYCLE
import { runExperiment } from '../../dist/experiment.js';
import { openSources } from '../../dist/sources/open.js';
import { resolveSpec } from '../../dist/spec.js';
import { createAlertStore } from '../../dist/stores/alerts-sqlite.js';
import { findHome, prepareHome } from '../../dist/stores/home.js';
import { createJournal } from '../../dist/stores/journal-sqlite.js';
import { createFileRegistry } from '../../dist/stores/registry-files.js';
import { createEmbeddedTracking } from '../../dist/stores/tracking-embedded.js';
import { createTrustedFiles } from '../../dist/stores/trusted-files.js';
import { trainInWorker } from '../../dist/workers/train.js';

const [dir, log, state, cycle] = process.argv.slice(2);
const home = prepareHome(findHome(dir, { NETLOOP_HOME: dir }));
const die = () => process.kill(process.pid, 'SIGKILL');
const journal = createJournal(home.journal);
const alerts = createAlertStore(home.alerts);
const ids = new Map();
const dies = (id, reached) => reached === state && ids.get(id) === `flow ${cycle}`;

await runExperiment(
  resolveSpec({
    source: { files: [log] },
    publish: true,
    behaviour: { enabled: false },
    flow: { every: { flows: 400 }, retrain: 'clock', minSamples: 50, first: { epochs: 5, learningRate: 0.002 } },
    gate: { preset: 'plain' },
  }),
  {
    open: (source) => openSources(source, dir),
    registry: createFileRegistry({ dir: home.models }),
    tracking: createEmbeddedTracking(home.tracking),
    journal: {
      ...journal,
      async begin(start) {
        const id = await journal.begin(start);
        ids.set(id, `${start.learner} ${start.number}`);
        if (dies(id, 'collecting')) die();
        return id;
      },
      async advance(id, reached, data) {
        await journal.advance(id, reached, data);
        if (dies(id, reached)) die();
      },
    },
    alerts: {
      ...alerts,
      async append(batch) {
        const added = await alerts.append(batch);
        process.stdout.write(batch.map((a) => `${a.id}\n`).join(''));
        return added;
      },
    },
    trusted: createTrustedFiles(`${home.state}/trusted`),
    train: (model, batch, options) => trainInWorker({ model, batch, options }),
    environment: {},
    now: Date.now,
  },
);
