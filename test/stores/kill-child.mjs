// Works on a store until it is killed. Says on stdout what was acknowledged, at once (writeSync), so that the parent knows
// what must be there afterwards. Runs the compiled code: `npm test` builds before it tests.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { createAlertStore } from '../../dist/stores/alerts-sqlite.js';
import { createJournal } from '../../dist/stores/journal-sqlite.js';
import { createFileRegistry } from '../../dist/stores/registry-files.js';
import { createSpooledTracking } from '../../dist/stores/spool.js';
import { createEmbeddedTracking } from '../../dist/stores/tracking-embedded.js';

const [kind, dir, round, payload] = process.argv.slice(2);
const say = (entry) => writeSync(1, `${JSON.stringify(entry)}\n`);

const work = {
  async registry() {
    const registry = createFileRegistry({ dir });
    const draft = JSON.parse(payload);
    draft.model.weights = Uint8Array.from(draft.model.weights);
    for (let parent = null; ; ) {
      const { version } = await registry.put({ ...draft, parent });
      say({ put: version });
      await registry.promote('flow', version, `round ${round}`);
      say({ promoted: version });
      if (version % 5 === 0) say({ rolledBack: (await registry.rollback('flow', `round ${round}`)).to });
      parent = version;
    }
  },
  async alerts() {
    const store = createAlertStore(join(dir, 'alerts.db'));
    const alert = JSON.parse(payload);
    for (let n = 0; ; n += 7) {
      await store.append(Array.from({ length: 7 }, (_, i) => ({ ...alert, id: `${round}-${n + i}` })));
      say({ alerts: n + 7 });
    }
  },
  async journal() {
    const journal = createJournal(join(dir, 'state.db'));
    const start = JSON.parse(payload);
    for (let number = 1; ; number++) {
      const id = await journal.begin({ ...start, number });
      say({ id, state: 'collecting' });
      for (const state of ['labelling', 'building', 'backing-up', 'training', 'validating', 'deployed', 'cleaned']) {
        await journal.advance(id, state, { state });
        say({ id, state });
      }
    }
  },
  async spool() {
    const tracking = createSpooledTracking(() => createEmbeddedTracking(join(dir, 'tracking'), { wait: 0 }), join(dir, 'spool'), {
      retry: 3,
    });
    const run = await tracking.start({ experiment: 'kill', name: round });
    say({ run });
    for (let step = 0; ; step++) {
      await tracking.log(run, { metrics: [{ key: 'loss', value: step, step }] });
      say({ run, step });
    }
  },
};
await work[kind]();
