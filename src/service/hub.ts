import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { AlertArchive, AlertStore } from '../alert.js';
import { NetloopError } from '../errors.js';
import type { ExperimentPorts } from '../experiment.js';
import { createPostgresAlertStore } from '../stores/alerts-postgres.js';
import type { Deployments } from '../stores/deployments.js';
import { createPostgresDeployments } from '../stores/deployments-postgres.js';
import { createPostgresFeedback } from '../stores/feedback-postgres.js';
import { createForwarder } from '../stores/forward.js';
import { createPostgresJournal } from '../stores/journal-postgres.js';
import { takeLease } from '../stores/lease.js';
import { openPostgres } from '../stores/postgres.js';
import { preparePostgres, sharedKey } from '../stores/postgres-layout.js';
import { createPostgresRegistry } from '../stores/registry-postgres.js';
import { createPostgresTrusted } from '../stores/trusted-postgres.js';
import type { HubLearnerOptions } from './hub-learner.js';

/** What replicas of a hub share. */
export interface Hub {
  /** A site's ports with the shared stores in the place of its own; what its own sniffer raises goes by way of its own store. */
  readonly ports: ExperimentPorts;
  /** The alerts of all. */
  readonly store: AlertStore & AlertArchive;
  readonly deployments: Deployments;
  readonly learner: Pick<HubLearnerOptions, 'lease' | 'ports'>;
  close(): Promise<void>;
}

/**
 * Ties a replica to the database of its hub. The replica itself keeps nothing that another would miss; alerts of its own sniffer wait in
 * its own store while the database is away.
 * @param state folder of the outbox's cursor
 * @throws NL_STORE_WRITE while the database is gone, NL_STORE_LAYOUT, NL_OPTION
 */
export async function openHub(
  url: string,
  { ports, state, onTrouble }: { readonly ports: ExperimentPorts; readonly state: string; readonly onTrouble?: (trouble: Error) => void },
): Promise<Hub> {
  const db = openPostgres(url);
  let key: string;
  try {
    await preparePostgres(db);
    key = await sharedKey(db, randomBytes(32).toString('hex'));
  } catch (error) {
    await db.close();
    throw error;
  }
  const { now } = ports;
  const store = createPostgresAlertStore(db);
  const outbox = createForwarder({ outbox: ports.alerts, deliver: store.append, cursorFile: join(state, 'outbox.json'), onTrouble });
  const registry = createPostgresRegistry(db, { now });
  const shared: ExperimentPorts = {
    ...ports,
    // Cycles of a replica's own sniffer would not be under the lease: a hub learns by its hub learner.
    registry: {
      ...registry,
      put: async () => {
        throw new NetloopError(
          'NL_BUSY',
          'a replica of a hub does not learn from its own sniffer: its alerts are learnt from with all others',
        );
      },
    },
    journal: createPostgresJournal(db, { now }),
    trusted: createPostgresTrusted(db),
    feedback: createPostgresFeedback(db),
    ledger: ports.ledger && { ...ports.ledger, key },
  };
  const holder = `${hostname()} ${process.pid} ${randomBytes(3).toString('hex')}`;
  return {
    ports: shared,
    store,
    deployments: createPostgresDeployments(db),
    learner: {
      lease: () => takeLease(db, holder),
      ports: ({ check: fence }) => ({
        registry: createPostgresRegistry(db, { now, fence }),
        journal: createPostgresJournal(db, { now, fence }),
        trusted: createPostgresTrusted(db, { fence }),
        train: ports.train,
        cycle: ports.cycle,
      }),
    },
    async close() {
      await outbox.close();
      await db.close();
    },
  };
}
