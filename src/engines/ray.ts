import { randomUUID } from 'node:crypto';
import { request as http, type IncomingMessage } from 'node:http';
import { request as https } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { NetloopError, number } from '../errors.js';
import type { ExperimentReport } from '../experiment.js';
import type { Spec } from '../spec.js';
import type { Engine } from '../sweep.js';
import { failure } from './failure.js';

export interface RayOptions {
  /** The cluster's dashboard, such as http://127.0.0.1:8265. */
  readonly url: string;
  /** How netloop is called on the cluster's nodes: program and first arguments. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Where a trial runs there: paths of sources may be relative to it. */
  readonly cwd: string;
  /** Jobs submitted at once; Ray runs as many as it has processors. */
  readonly workers?: number;
  /** Variables of the trial, such as NETLOOP_HOME. Ray shows them to everybody who may see the job: no secrets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sent as a bearer token, where the cluster asks for one. */
  readonly token?: string;
  /** Milliseconds between two looks at a job. */
  readonly poll?: number;
}

const answers = {
  version: z.object({ ray_version: z.string() }),
  submitted: z.object({ submission_id: z.string() }),
  job: z.object({ status: z.enum(['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED']), message: z.string().nullish() }),
  logs: z.object({ logs: z.string() }),
};

/** Milliseconds until a dashboard that does not answer is given up. */
const PATIENCE = 20_000;

/** Looks in vain at a job, one after the other, after which it is given up. */
const BLIND = 5;

/** Not by `fetch`: it marks itself as a browser's (sec-fetch-mode), and Ray refuses to take jobs from browsers. */
function exchange(url: URL, method: string, headers: Record<string, string>, body: unknown): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, signal: AbortSignal.timeout(PATIENCE) };
    const answer = (response: IncomingMessage): void => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }));
    };
    const request = url.protocol === 'https:' ? https(url, options, answer) : http(url, options, answer);
    request.once('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const LOOKS_AFTER_MS = 2500;

/** A shell line that runs a spec there: it travels in the line itself, since nodes need not share a disk with us. */
function entrypoint({ command, cwd }: RayOptions, spec: Spec): string {
  const text = Buffer.from(JSON.stringify(spec)).toString('base64');
  return [
    `cd ${quoted(cwd)} && file=$(mktemp) && trap 'rm -f "$file"' EXIT`,
    `printf %s ${text} | base64 -d > "$file" && ${command.map(quoted).join(' ')} run "$file" --json --one-thread`,
  ].join(' && ');
}

/** The report among what else a job wrote: the last line that is one. */
function reportIn(logs: string): ExperimentReport | null {
  const line = logs.split('\n').findLast((text) => text.startsWith('{"flows":') && text.includes('"run_id":'));
  if (line === undefined) return null;
  try {
    return JSON.parse(line) as ExperimentReport;
  } catch {
    return null; // cut short
  }
}

/**
 * Trials as Ray Jobs, over the Jobs API of a cluster's dashboard (Ray 2). Every node needs netloop, and the data and the tracking store
 * where the spec and NETLOOP_HOME (or MLFLOW_TRACKING_URI) say. Cancelling stops the jobs that are under way.
 * @throws NL_OPTION, NL_WORKER when no Ray answers; from `run`: the trial's own code, NL_WORKER when its job is lost
 */
export async function openRayEngine(options: RayOptions): Promise<Engine> {
  const { url, env = {}, token, poll = 500 } = options;
  const slots = number('workers', options.workers ?? 8, { min: 1, max: 256, integer: true });
  const place = new URL(url).host;

  async function ask<T>(method: string, path: string, shape: z.ZodType<T> | null, body?: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const { status, text } = await exchange(new URL(path, url), method, headers, body).catch((cause: Error) => {
      throw new NetloopError(
        'NL_WORKER',
        `no Ray answers at ${place}: ${cause.message}; start it with ray start --head --dashboard-host 127.0.0.1`,
        { cause },
      );
    });
    if (status >= 300) throw new NetloopError('NL_WORKER', `Ray at ${place} answers ${status} to ${method} ${path}: ${text.slice(0, 300)}`);
    if (!shape) return undefined as T;
    try {
      return shape.parse(JSON.parse(text));
    } catch (cause) {
      throw new NetloopError('NL_WORKER', `what answers at ${place} is not Ray's Jobs API: ${text.slice(0, 100)}`, { cause });
    }
  }

  const under = new Set<string>();
  const at = (id: string, what = ''): string => `/api/jobs/${id}${what}`;
  /** Ends a job and takes it off the list; a cluster that is gone has neither. */
  async function drop(id: string, stop: boolean): Promise<void> {
    under.delete(id);
    try {
      if (stop) await ask('POST', at(id, '/stop'), null);
      for (let look = 0; look < 20 && stop; look++) {
        const { status } = await ask('GET', at(id), answers.job);
        if (status !== 'RUNNING' && status !== 'PENDING') break;
        await sleep(poll);
      }
      // Ray looks after a job once a second, and would write down as failed again what is gone before it saw the end.
      await sleep(LOOKS_AFTER_MS);
      await ask('DELETE', at(id), null);
    } catch {
      // It stays on Ray's list, where its end can be seen.
    }
  }

  const leaving: Promise<void>[] = [];
  /** Nobody waits for Ray's list, but for the end of the engine. */
  const leave = (id: string, stop: boolean): void => void leaving.push(drop(id, stop));

  async function follow(id: string, signal: AbortSignal | undefined): Promise<ExperimentReport> {
    for (let blind = 0; ; ) {
      await sleep(poll, undefined, { signal });
      let job: z.output<typeof answers.job>;
      try {
        job = await ask('GET', at(id), answers.job);
        blind = 0;
      } catch (error) {
        if (++blind >= BLIND) throw error;
        continue;
      }
      const { status, message } = job;
      if (status === 'PENDING' || status === 'RUNNING') continue;
      const { logs } = await ask('GET', at(id, '/logs'), answers.logs);
      // A run that could learn nothing ends with 1 too, but its report is whole.
      const report = reportIn(logs);
      if (report) return report;
      throw failure(logs, `a trial's job on Ray ended as ${status}${message ? ` (${message.slice(0, 200)})` : ''}`);
    }
  }

  await ask('GET', '/api/version', answers.version);
  return {
    name: 'ray',
    slots,
    run: async (spec, signal) => {
      signal?.throwIfAborted();
      const id = `netloop-${randomUUID()}`;
      under.add(id);
      try {
        await ask('POST', '/api/jobs/', answers.submitted, {
          submission_id: id,
          entrypoint: entrypoint(options, spec),
          entrypoint_num_cpus: 1,
          runtime_env: { env_vars: env },
          metadata: { name: spec.name },
        });
        const report = await follow(id, signal);
        leave(id, false);
        return report;
      } catch (error) {
        leave(id, true);
        if (signal?.aborted) throw signal.reason;
        throw error;
      }
    },
    async close() {
      for (const id of under) leave(id, true);
      await Promise.all(leaving);
    },
  };
}
