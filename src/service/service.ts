import { join } from 'node:path';
import type { AlertArchive, AlertStore } from '../alert.js';
import { isNetloopError, NetloopError } from '../errors.js';
import type { ExperimentPorts } from '../experiment.js';
import { createFeedback } from '../feedback.js';
import type { Places } from '../forget.js';
import { createMask, type Mask } from '../privacy.js';
import type { ModelName } from '../registry.js';
import { createAudits } from '../stores/audits.js';
import { createMemoryDeployments, type Deployments } from '../stores/deployments.js';
import { maskAlertId, maskedAlerts, maskedTracking } from '../stores/masked.js';
import { createWaitingAlerts } from '../stores/waiting-alerts.js';
import { createCaptures } from './captures.js';
import { createConfigStore } from './config.js';
import { createErase, type Erase } from './erase.js';
import { createEventHub, type EventHub } from './events.js';
import { createHubLearner, type HubLearner, type HubLearnerOptions } from './hub-learner.js';
import { createHubLoop } from './hub-loop.js';
import { createLog, logEvents } from './log.js';
import { createLoop, type Loop, type LoopOptions } from './loop.js';
import { createMonitor } from './monitor.js';
import type { App } from './parts.js';
import { createRetention } from './retention.js';
import { createSensor, type Sensor } from './sensor.js';
import { createServer, type ServerOptions } from './server.js';
import { createShadows } from './shadows.js';
import { watchChampions } from './watched-registry.js';
import { createTeller, readWebhooks } from './webhook.js';

export interface ServiceOptions
  extends Pick<ServerOptions, 'token' | 'readToken' | 'version' | 'rate' | 'bodyLimit' | 'streams' | 'mlflow' | 'onError'> {
  readonly ports: ExperimentPorts;
  /** What is done with addresses before anything leaves the process (default: they are kept). */
  readonly mask?: Mask;
  /** Days after which rows of traffic are erased everywhere, by capture time; absent: only caps do. */
  readonly retentionDays?: number;
  /** The alerts that are shown and taken in, where they lie elsewhere than those that the sniffer raises (a hub's). */
  readonly store?: AlertStore & AlertArchive;
  /** Learns from the alerts of all deployments; absent: the sniffer's learners read them (one site). */
  readonly learner?: Pick<HubLearnerOptions, 'lease' | 'ports' | 'every'>;
  /** The hub that this site belongs to, and its key. */
  readonly hub?: { readonly url: string; readonly key: string; readonly every?: number };
  /** Who sends alerts here (default: a list that ends with the process). */
  readonly deployments?: Deployments;
  /** The folder in which the service keeps its configuration and the log of its changes. */
  readonly state: string;
  /** Folders whose recordings may be replayed, by the name they are shown under. */
  readonly captures: Readonly<Record<string, string>>;
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  /** Configuration where none was saved yet. */
  readonly config?: Record<string, unknown>;
  readonly openInterface?: LoopOptions['openInterface'];
}

/** Milliseconds between two points of the rates that the page draws. */
const SAMPLE = 2000;

export interface Service {
  readonly url: string;
  readonly loop: Loop;
  readonly app: App;
  /** Null where the site's own learners learn. */
  readonly learner: HubLearner | null;
  /** Null for a site without a hub. */
  readonly sensor: Sensor | null;
  /** Stops listening, ends the sniffer and waits until everything is recorded. The ports stay open. */
  close(): Promise<void>;
}

/** Every alert store is an archive as well. */
function archiving(alerts: AlertStore): AlertStore & AlertArchive {
  if ('archive' in alerts && 'archives' in alerts) return alerts as AlertStore & AlertArchive;
  throw new NetloopError('NL_OPTION', 'invalid alerts: expected a store that is an archive too');
}

/** Detects, learns and answers on HTTP until it is closed. @throws NL_OPTION, NL_SPEC, and NL_BUSY where the port is taken */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { state, host = '127.0.0.1', port = 8000, mask = createMask({ mode: 'keep' }), deployments = createMemoryDeployments() } = options;
  const key = options.ports.ledger?.key ?? 'kept nowhere';
  const log = createLog({ file: join(state, 'service.log'), now: options.ports.now, mask });
  const kept = archiving(options.ports.alerts);
  const own = maskedAlerts(kept, mask, key);
  // What is sent here is refused while the store is out; what the sniffer raises would be gone, so it waits.
  const raised = createWaitingAlerts(kept, { onNotice: (notice) => log.write('warn', 'store', { notice }) });
  const alerts = options.store ? maskedAlerts(options.store, mask, key) : own;
  const feedback = options.ports.feedback ?? createFeedback();
  const ports = {
    ...options.ports,
    alerts: maskedAlerts(raised.alerts, mask, key),
    feedback,
    tracking: maskedTracking(options.ports.tracking, mask),
    registry: watchChampions(options.ports.registry, (name, damaged) => monitor.champion(name, damaged)),
  };
  const { now, trusted, ledger, windows } = ports;
  const everywhere: Places['alerts'] = {
    count: alerts.count,
    forget: async (filter) => {
      const mine = await raised.alerts.forget(filter); // also what waits, and copies on their way to the hub's store
      return own === alerts ? mine : alerts.forget(filter);
    },
  };
  const places: Places = { key, alerts: everywhere, feedback, trusted, ledger, windows };
  const told = createEventHub();
  // Events name an alert as answers do.
  const events: EventHub = {
    ...told,
    emit: (event) =>
      told.emit(event.kind === 'alert' ? { ...event, data: { ...event.data, id: maskAlertId(event.data.id, mask, key) } } : event),
  };
  const captures = createCaptures(options.captures);
  const config = createConfigStore({
    file: join(state, 'config.json'),
    log: join(state, 'config-changes.jsonl'),
    initial: options.config,
    now: ports.now,
  });
  logEvents(events, log);
  const onError: ServiceOptions['onError'] = (error, where) => {
    log.write('error', 'failure', { where, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    options.onError?.(error, where);
  };
  const teller = createTeller({
    webhooks: readWebhooks(join(state, 'webhooks.json')),
    onFailure: (url, why) => log.write('warn', 'webhook', { url: new URL(url).origin, why }),
  });
  const onShadowError = (error: unknown): void => onError(error, 'shadow');
  /** The next rungs: whether another version would do better is seen before anybody decides, and a cycle does not wait for its interval. */
  const climb = async (name: ModelName): Promise<void> => {
    await shadows.startNewest(name).catch(onShadowError);
    const { automatic, monitor } = config.get();
    if (!automatic || !monitor.retrain) return;
    try {
      await loop.trainNow([name]);
    } catch (error) {
      if (!isNetloopError(error)) onError(error, 'monitor'); // else: not now, and its interval comes
    }
  };
  const monitor = createMonitor({
    registry: ports.registry,
    config: config.get,
    now: ports.now,
    personOf: ports.personOf,
    rollBack: (name, version, why) => loop.rollback(name, why, version),
    onChange(degradation) {
      events.emit({ kind: 'health', data: { ...degradation } });
      teller.tell({ source: 'netloop', ...degradation });
      const { kind, learner: name, until } = degradation;
      if (until === null && name && kind !== 'model-damaged') void climb(name);
    },
    onError: (error) => onError(error, 'monitor'),
  });
  const { openInterface } = options;
  const shadows = createShadows({ registry: ports.registry, tracking: ports.tracking, config: config.get, onError: onShadowError });
  const ownLoop = shadows.witness(
    await createLoop({ ports: shadows.watch(monitor.watch(ports)), config, captures, events, openInterface, privacy: mask.mode }),
  );
  const onTrouble = (trouble: unknown): void => onError(trouble, 'hub');
  const reload = (): Promise<unknown> => loop.reload();
  const learner =
    options.learner &&
    createHubLearner({
      ...options.learner,
      alerts,
      feedback: { ...feedback, key },
      mask,
      config: config.get,
      now,
      onTrouble,
      onLook: () => void hubLoop?.refresh().catch(() => {}), // an outage is the learner's to tell
      onCycle({ learner: name, number, state, reason, version, seconds }) {
        events.emit({ kind: 'cycle', data: { learner: name, number, state, reason, version, seconds } });
        void reload().catch(onTrouble);
      },
    });
  const hubLoop = learner ? createHubLoop(ownLoop, { learner, journal: ports.journal }) : null;
  const loop: Loop = hubLoop ?? ownLoop;
  const sampling = setInterval(() => monitor.note(loop.sniffer()), SAMPLE).unref();
  const retention = createRetention({ days: options.retentionDays, places, now, onError: (error) => onError(error, 'retention') });
  const { registry } = ports;
  const eraseKept = createErase({ places, mask, state, now });
  const erase: Erase = (user) => {
    shadows.forget();
    for (const name of new Set([user, mask.user(user)])) loop.erase(name);
    return eraseKept(user);
  };
  const app = await createServer({
    ...options,
    host,
    loop,
    alerts,
    registry,
    captures,
    events,
    monitor,
    shadows,
    mask,
    deployments,
    feedback: { ...feedback, key },
    audits: createAudits({ ledger, feedback, journal: ports.journal }),
    erase,
    now,
    onError,
  });
  const url = await app.listen({ host, port }).catch(async (cause: NodeJS.ErrnoException) => {
    await learner?.close();
    const taken = cause.code === 'EADDRINUSE';
    throw new NetloopError(
      taken ? 'NL_BUSY' : 'NL_OPTION',
      `cannot listen on ${host}:${port}: ${taken ? 'another program does' : cause.message}`,
      { cause },
    );
  });
  const sensor = options.hub && createSensor({ ...options.hub, hub: options.hub.url, alerts: own, registry, reload, state, onTrouble });
  return {
    url,
    loop,
    app,
    learner: learner ?? null,
    sensor: sensor ?? null,
    async close() {
      await app.close();
      retention.close();
      await sensor?.close();
      await learner?.close();
      clearInterval(sampling);
      await loop.close();
      await raised.close();
      monitor.close();
      shadows.close();
      await teller.close();
    },
  };
}
