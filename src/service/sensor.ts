import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AlertStore } from '../alert.js';
import { isNetloopError } from '../errors.js';
import type { ModelName, Registry } from '../registry.js';
import { replaceDurably } from '../stores/durable-file.js';
import { createForwarder } from '../stores/forward.js';
import { createHubClient, type HubClient } from './hub-client.js';

/** A deployment as its hub sees it: it sends its alerts, takes the hub's champions, and says which it runs. */
export interface Sensor {
  /** Sends what waits and asks for new champions, now; true when nothing waits any more. */
  turn(): Promise<boolean>;
  /** Alerts sent by this process. */
  sent(): number;
  /** The hub's versions that run here; null: one of this site's own, or none. */
  versions(): Promise<Record<ModelName, number | null>>;
  close(): Promise<void>;
}

export interface SensorOptions {
  readonly hub: string;
  readonly key: string;
  /** The site's own stores: its alert store is the spool. */
  readonly alerts: Pick<AlertStore, 'query'>;
  readonly registry: Registry;
  /** Puts the registry's champions live. */
  readonly reload: () => Promise<unknown>;
  /** The folder of `hub-cursor.json` and `hub-champions.json`. */
  readonly state: string;
  /** Milliseconds between turns. */
  readonly every?: number;
  readonly onTrouble?: (trouble: Error) => void;
  /** How the hub is spoken to (default: HTTP). */
  readonly client?: HubClient;
}

const names: readonly ModelName[] = ['behaviour', 'flow'];

/** What was taken from the hub: its tag and number, and the number that this site's registry gave it. */
interface Taken {
  readonly tag: string;
  readonly hub: number;
  readonly local: number;
}

/**
 * Ties a site to a hub. While the hub is away alerts stay in the site's own store, and its champion goes on; nothing here waits for it.
 * A champion that does not come whole, or that the site cannot load, is not taken.
 */
export function createSensor({
  hub,
  key,
  alerts,
  registry,
  reload,
  state,
  every = 5000,
  onTrouble = () => {},
  client = createHubClient({ url: hub, key }),
}: SensorOptions): Sensor {
  const file = join(state, 'hub-champions.json');
  const taken: Partial<Record<ModelName, Taken>> = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as never) : {};
  let open = true;
  let told = '';
  let away = false; // alerts and champions go to the same place: an outage of either way is one, and is told once
  const trouble = (error: Error): void => {
    const refused = isNetloopError(error) && error.code === 'NL_SPEC'; // a batch, for good: no outage
    if (refused || !away) onTrouble(error);
    away ||= !refused;
  };
  let turning: Promise<boolean> | null = null;
  let timer: NodeJS.Timeout | null = null;

  async function versions(): Promise<Record<ModelName, number | null>> {
    const found: Record<ModelName, number | null> = { behaviour: null, flow: null };
    for (const name of names) {
      const mine = taken[name];
      if (mine && (await registry.current(name))?.version === mine.local) found[name] = mine.hub;
    }
    return found;
  }
  const forwarder = createForwarder({
    outbox: alerts,
    deliver: async (batch) => client.send(batch, await versions()),
    cursorFile: join(state, 'hub-cursor.json'),
    every,
    onTrouble: trouble,
  });

  async function take(name: ModelName): Promise<void> {
    const found = await client.pull(name, taken[name]?.tag ?? null);
    if (found === null || found === 'same') return;
    const { version: number, ...version } = found.version;
    // Parent and run are the hub's, which this site does not have.
    const { version: local } = await registry.put({
      ...version,
      parent: null,
      run: null,
      note: `${name}@${number} of the hub: ${version.note}`,
    });
    await registry.promote(name, local, `the hub's champion, ${name}@${number}`);
    taken[name] = { tag: found.tag, hub: number, local };
    replaceDurably(file, `${JSON.stringify(taken)}\n`);
    await reload();
  }

  async function once(): Promise<boolean> {
    const empty = await forwarder.drain();
    try {
      for (const name of names) await take(name);
      const now = JSON.stringify(await versions());
      if (now !== told) {
        await client.send([], JSON.parse(now) as Record<ModelName, number | null>);
        told = now;
      }
    } catch (error) {
      trouble(error as Error);
      return false;
    }
    if (empty) away = false;
    return empty;
  }
  function turn(): Promise<boolean> {
    turning ??= once().finally(() => {
      turning = null;
      if (timer) clearTimeout(timer);
      if (open) timer = setTimeout(() => void turn(), every).unref();
    });
    return turning;
  }
  void turn();

  return {
    turn,
    sent: forwarder.sent,
    versions,
    async close() {
      open = false;
      if (timer) clearTimeout(timer);
      await turning;
      await forwarder.close();
    },
  };
}
