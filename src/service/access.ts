import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { NetloopError } from '../errors.js';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** Whether a host is this machine only. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** What may be seen without a token: that the service lives, and the page that asks for the token. */
const OPEN = new Set(['/', '/page.js', '/page.css', '/healthz']);

/** Compares in constant time, whatever the lengths. */
const same = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());

const foreign = (what: string): NetloopError => new NetloopError('NL_TOKEN', `refused: ${what}`);

/**
 * Who may call. With a token: who brings it. Without one only this machine can reach the service, so what is kept out are foreign web
 * pages in its browser: by their Origin, and by a Host that is not ours (a name rebound to 127.0.0.1).
 * @throws NL_OPTION when the service would be reachable from elsewhere without a token
 */
export function createGuard({ host, token }: { readonly host: string; readonly token?: string }): (request: IncomingMessage) => void {
  if (!isLoopback(host) && !token) {
    throw new NetloopError('NL_OPTION', `invalid host: ${host} can be reached from elsewhere, which needs a token: set NETLOOP_TOKEN`);
  }
  if (token !== undefined && token.length < 16) {
    throw new NetloopError('NL_OPTION', `invalid NETLOOP_TOKEN: expected at least 16 characters, got ${token.length}`);
  }
  return ({ headers, url = '/' }) => {
    const own = headers.host ?? '';
    if (!token && !isLoopback(own.replace(/:\d+$/, ''))) throw foreign(`the host ${JSON.stringify(own)} is not this machine`);
    if (headers.origin !== undefined && headers.origin.replace(/^https?:\/\//, '') !== own) throw foreign('called from a foreign page');
    if (!token || OPEN.has(url.split('?')[0]!)) return;
    const given = /^bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
    if (!same(given, token)) throw new NetloopError('NL_TOKEN', 'a token is needed: Authorization: Bearer …');
  };
}
