/** The hub of `npm run bench -- service`, as a process: one replica on a database, with a first champion; learns when it is told to. */
import { join } from 'node:path';
import { openPorts } from '../../src/cli/ports.js';
import { runCycle } from '../../src/cycle.js';
import { createFeaturizer } from '../../src/featurize.js';
import { openHub } from '../../src/service/hub.js';
import { startService } from '../../src/service/service.js';
import { resolveSpec } from '../../src/spec.js';
import { newDeploymentKey } from '../../src/stores/deployments.js';
import { openPostgres } from '../../src/stores/postgres.js';
import { createPostgresRegistry } from '../../src/stores/registry-postgres.js';
import { createPostgresTrusted } from '../../src/stores/trusted-postgres.js';
import { makeFlows } from '../traffic/flows.js';

const url = process.argv[2]!;
const spec = resolveSpec({ name: 'bench', source: { files: ['-'] }, publish: true });
const ports = await openPorts(spec);
const state = join(process.env.NETLOOP_HOME!, '.netloop');
const hub = await openHub(url, { ports, state });
const token = 'a token for the benchmark';
const service = await startService({
  ports: hub.ports,
  store: hub.store,
  deployments: hub.deployments,
  learner: { ...hub.learner, every: 3_600_000 },
  state,
  captures: {},
  port: 0,
  token,
  rate: 1_000_000,
});
service.loop.configure({ preset: 'mass' });

// The first champion, as a site learns it: from labelled flows.
const featurize = createFeaturizer();
const steps = makeFlows({ flows: 5000, users: 300, seed: 4 }).map((flow) => ({
  flow,
  user: flow.orig_h,
  row: featurize(flow),
  score: null,
}));
const db = openPostgres(url, { connections: 1 });
const { trusted, record } = await runCycle(
  {
    learner: 'flow',
    number: 1,
    window: { from: steps[0]!.flow.ts, to: steps.at(-1)!.flow.ts },
    steps,
    alerts: [],
    settings: spec.flow,
    sequence: spec.sequence,
    policy: spec.labels,
    gate: spec.gate,
    seed: 1,
    trusted: null,
  },
  null,
  { registry: createPostgresRegistry(db), train: ports.train },
);
if (!trusted) throw new Error(`no first champion: ${record.reason}`);
await createPostgresTrusted(db).save('flow', trusted);
await db.close();

const keys = await Promise.all(
  Array.from({ length: 16 }, async (_, i) => {
    const { key, hash } = newDeploymentKey(`site-${i}`);
    await hub.deployments.add(`site-${i}`, hash, Date.now());
    return key;
  }),
);
process.on('message', (message) => {
  if (message === 'learn') {
    void service.learner!.turn('now').then(
      (cycle) => process.send!({ cycle }),
      (error: unknown) => process.send!({ cycle: String(error) }),
    );
  }
  if (message === 'end') {
    void (async () => {
      await service.close();
      await hub.close();
      await ports.close();
      process.exit(0);
    })();
  }
});
process.send!({ url: service.url, keys, token });
