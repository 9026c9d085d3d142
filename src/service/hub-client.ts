import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { StoredAlert } from '../alert.js';
import { NetloopError } from '../errors.js';
import type { ModelName, ModelVersion } from '../registry.js';
import { championVersion } from './champion.js';

const pack = promisify(gzip);

/** What a deployment says to its hub, and takes from it. */
export interface HubClient {
  /** Which of the hub's versions run here; told with every batch. */
  send(alerts: readonly StoredAlert[], versions: Readonly<Partial<Record<ModelName, number | null>>>): Promise<void>;
  /** The hub's champion, when it is another than `tag` names; 'same', or null while the hub has none. */
  pull(name: ModelName, tag: string | null): Promise<{ readonly tag: string; readonly version: ModelVersion } | 'same' | null>;
}

/**
 * Speaks to a hub over HTTP.
 * @throws from its methods: NL_STORE_WRITE while the hub is away, NL_SPEC for a batch that it refuses for good, NL_TOKEN for a wrong key
 */
export function createHubClient({
  url,
  key,
  patience = 30_000,
}: {
  readonly url: string;
  /** The deployment's key, as `POST /deployments/NAME` gave it. */
  readonly key: string;
  /** Milliseconds to wait for an answer. */
  readonly patience?: number;
}): HubClient {
  const base = checkedUrl(url);
  async function call(path: string, init: RequestInit): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(new URL(path, base), { ...init, redirect: 'error', signal: AbortSignal.timeout(patience) });
    } catch (cause) {
      const why = (cause as Error & { cause?: Error }).cause?.message ?? (cause as Error).message;
      throw new NetloopError('NL_STORE_WRITE', `the hub ${base.host} does not answer (${why}): alerts wait here`, { cause });
    }
    if (answer.ok || answer.status === 304 || answer.status === 404) return answer;
    const text = (await answer.text()).slice(0, 500);
    if (answer.status === 401 || answer.status === 403) {
      throw new NetloopError(
        'NL_TOKEN',
        `the hub ${base.host} does not take this deployment's key (${answer.status}): get a new one; alerts wait here`,
      );
    }
    const forGood = answer.status === 400 || answer.status === 413;
    throw new NetloopError(forGood ? 'NL_SPEC' : 'NL_STORE_WRITE', `the hub ${base.host} answers ${answer.status}: ${text}`);
  }
  const authorization = `Bearer ${key}`;

  return {
    async send(alerts, versions) {
      // Truth is this site's own business; which deployment it is the key says.
      const body = await pack(JSON.stringify({ alerts: alerts.map(({ truth: _, deployment: __, ...alert }) => alert), versions }));
      const answer = await call('ingest/alerts', {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body,
      });
      if (answer.status === 404) throw new NetloopError('NL_STORE_WRITE', `${base.host} is no hub: it takes no alerts`);
      await answer.arrayBuffer();
    },
    async pull(name, tag) {
      const headers = { authorization, ...(tag === null ? {} : { 'if-none-match': tag }) };
      const answer = await call(`models/${name}/champion`, { headers });
      if (answer.status === 304) return 'same';
      if (answer.status === 404) return null;
      return { tag: answer.headers.get('etag') ?? '', version: championVersion(await answer.text(), name) };
    },
  };
}

/** @throws NL_OPTION: a key must not travel in clear beyond this machine's own network */
function checkedUrl(url: string): URL {
  let found: URL;
  try {
    found = new URL(url.endsWith('/') ? url : `${url}/`);
  } catch (cause) {
    throw new NetloopError('NL_OPTION', `invalid --hub: expected an address such as https://hub.example.org, got ${url}`, { cause });
  }
  if (found.protocol === 'https:' || (found.protocol === 'http:' && /^(localhost|127\.|\[::1\])/.test(found.hostname))) return found;
  throw new NetloopError('NL_OPTION', `invalid --hub: expected https:// (or this machine), for a key must not travel in clear; got ${url}`);
}
