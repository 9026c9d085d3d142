import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isNetloopError, NetloopError } from '../errors.js';
import type { Registry } from '../registry.js';
import { createCall } from '../stores/mlflow/call.js';
import type { ServerSettings } from '../stores/mlflow/settings.js';
import { type AliasWatch, watchAlias } from '../stores/mlflow/watch-alias.js';
import { hearOfAliases } from '../stores/mlflow/webhooks.js';
import type { AliasReader } from '../stores/model-mirror.js';
import type { Loop } from './loop.js';
import type { MlflowNews } from './mlflow-routes.js';

export interface FollowOptions {
  readonly pages: AliasReader;
  readonly registry: Pick<Registry, 'current'>;
  /** The server that is to tell, where, and under which name; absent: it is only asked. */
  readonly webhook?: { readonly settings: ServerSettings; readonly url: string; readonly name: string };
  /** Milliseconds between two looks. */
  readonly every?: number;
  readonly onWarning: (warning: NetloopError) => void;
}

/** What is set as champion on MLflow's own page goes live here. */
export interface MlflowFollower {
  /** For the server that takes deliveries; null where nobody tells. */
  readonly news: MlflowNews | null;
  /** Begins, once deliveries can be taken. What cannot be had is a warning, and asking goes on. */
  follow(loop: Pick<Loop, 'promote'>): void;
  close(): Promise<void>;
}

/** Milliseconds between two attempts to be told by a server that is away. */
const AGAIN = 60_000;

/** Follows the champions of MLflow's pages, by the server's webhook where it can be had, and by asking from time to time. */
export function followMlflow({ pages, registry, webhook, every, onWarning }: FollowOptions): MlflowFollower {
  const secret = randomBytes(32).toString('hex');
  const closing = new AbortController();
  let watch: AliasWatch | null = null;
  let registering: Promise<void> = Promise.resolve();
  let end: () => Promise<void> = async () => {};
  const warn = (what: string, error: unknown): NetloopError => {
    if (!isNetloopError(error)) throw error;
    onWarning(new NetloopError(error.code, `${what}: ${error.message}`, { cause: error }));
    return error;
  };

  async function register({ settings, url, name }: NonNullable<FollowOptions['webhook']>): Promise<void> {
    // It is asked again a minute later: nobody waits long for one attempt, nor for the last at the end.
    const call = createCall({ ...settings, retries: 0, timeout: Math.min(settings.timeout, 10_000) });
    for (let told = false; !closing.signal.aborted; told = true) {
      try {
        const remove = await hearOfAliases(call, { name, url, secret });
        end = () => remove().finally(call.close);
        watch?.look(); // what was set before it told
        return;
      } catch (error) {
        if (!told) warn(`MLflow does not tell ${url} of aliases, which are asked for instead`, error);
        if (!isNetloopError(error) || error.code !== 'NL_SERVER') break; // it refuses for good
      }
      await sleep(AGAIN, undefined, { ref: false, signal: closing.signal }).catch(() => {});
    }
    call.close();
  }

  return {
    news: webhook ? { secret, look: () => watch?.look() } : null,
    follow(loop) {
      watch = watchAlias(pages, {
        every,
        current: async (name) => (await registry.current(name))?.version ?? null,
        onMove: (name, version) => loop.promote(name, version, 'set as champion on the MLflow page'),
        onWarning,
      });
      if (webhook) registering = register(webhook);
    },
    async close() {
      closing.abort();
      await watch?.close();
      await registering;
      await end().catch((error: unknown) => warn('the webhook stays on the MLflow server', error));
    },
  };
}
