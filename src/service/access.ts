import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { NetloopError } from '../errors.js';
import { type Deployments, deploymentOf } from '../stores/deployments.js';
import { MLFLOW_PATH } from './mlflow-routes.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** Whether a host is this machine only. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** What may be seen without a token: that the service lives, and the page that asks for the token. */
const OPEN = new Set(['/', '/page.js', '/page.css', '/plotly.js', '/healthz']);

/** Where a signature of its own says who calls. */
const SIGNED = new Set([MLFLOW_PATH]);

/** Compares in constant time, whatever the lengths. */
const same = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

const foreign = (what: string): NetloopError => new NetloopError('NL_TOKEN', `refused: ${what}`);
const notAllowed = (what: string): NetloopError => new NetloopError('NL_TOKEN', what, { where: { forbidden: true } });

/** What only deployments may do, by their own keys; and what they may do beside it: pull the newest champion. */
const INGEST = /^\/ingest\//;
const PULL = /^\/models\/\w+\/champion$/;

export interface Access {
  readonly host: string;
  /** For everything. */
  readonly token?: string;
  /** For looking only: GET and HEAD. */
  readonly readToken?: string;
  readonly deployments: Pick<Deployments, 'hashOf'>;
}

const checkToken = (name: string, token: string | undefined): void => {
  if (token === undefined || token.length >= 16) return;
  throw new NetloopError('NL_OPTION', `invalid ${name}: expected at least 16 characters, got ${token.length}`);
};

/**
 * Who may call. With a token: who brings it, or, to look only, who brings the read token. Without one only this machine can reach the
 * service, so what is kept out are foreign web pages in its browser: by their Origin, and by a Host that is not ours (a name rebound to
 * 127.0.0.1). Ingest always takes a deployment's key, from wherever it comes; MLflow's deliveries are signed.
 * @returns the deployment that calls; null for anybody else
 * @throws NL_OPTION when the service would be reachable from elsewhere without a token
 */
export function createGuard({ host, token, readToken, deployments }: Access): (request: IncomingMessage) => Promise<string | null> {
  if (!isLoopback(host) && !token) {
    throw new NetloopError('NL_OPTION', `invalid host: ${host} can be reached from elsewhere, which needs a token: set NETLOOP_TOKEN`);
  }
  checkToken('NETLOOP_TOKEN', token);
  checkToken('NETLOOP_READ_TOKEN', readToken);
  if (readToken && !token) {
    throw new NetloopError('NL_OPTION', 'invalid NETLOOP_READ_TOKEN: without NETLOOP_TOKEN everything is open to this machine; set both');
  }
  return async ({ headers, method = 'GET', url = '/' }) => {
    const own = headers.host ?? '';
    const path = url.split('?')[0]!;
    if (!token && !isLoopback(own.replace(/:\d+$/, ''))) throw foreign(`the host ${JSON.stringify(own)} is not this machine`);
    if (headers.origin !== undefined && headers.origin.replace(/^https?:\/\//, '') !== own) throw foreign('called from a foreign page');
    if (SIGNED.has(path)) return null;
    const given = /^bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
    if (INGEST.test(path)) {
      const deployment = await deploymentOf(deployments, given);
      if (deployment === null) throw new NetloopError('NL_TOKEN', "a deployment's key is needed: Authorization: Bearer …");
      return deployment;
    }
    if (!token || OPEN.has(path) || same(given, token)) return null;
    const looks = method === 'GET' || method === 'HEAD';
    if (readToken && same(given, readToken)) {
      if (looks) return null;
      throw notAllowed('this token may look, not change anything: NETLOOP_TOKEN may');
    }
    const deployment = given === '' ? null : await deploymentOf(deployments, given);
    if (deployment === null) throw new NetloopError('NL_TOKEN', 'a token is needed: Authorization: Bearer …');
    if (looks && PULL.test(path)) return deployment;
    throw notAllowed("a deployment's key is for sending alerts and pulling champions, nothing else");
  };
}
