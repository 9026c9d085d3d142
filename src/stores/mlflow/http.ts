import http from 'node:http';
import https from 'node:https';
import type { ServerSettings } from './settings.js';

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request and its whole answer, over kept connections; rejects when no whole answer came in time. */
export interface Http {
  (method: string, path: string, body?: Uint8Array | string, file?: 'file'): Promise<Answer>;
  close(): void;
}

/** The one place where requests to an MLflow server leave. `AT_ONCE` connections at most. */
export function createHttp({
  uri,
  authorization,
  tls,
  timeout,
  fileTimeout,
  workspace,
}: Pick<ServerSettings, 'uri' | 'authorization' | 'tls' | 'timeout' | 'fileTimeout' | 'workspace'>): Http {
  const secure = uri.startsWith('https:');
  const pool = { keepAlive: true, maxSockets: AT_ONCE };
  const agent = secure
    ? new https.Agent({ ...pool, rejectUnauthorized: tls.verify, ca: tls.ca, cert: tls.cert, key: tls.cert })
    : new http.Agent(pool);
  const send = (method: string, path: string, body?: Uint8Array | string, file?: 'file'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers: http.OutgoingHttpHeaders = { 'user-agent': 'netloop' };
      if (authorization !== null) headers.authorization = authorization;
      if (workspace !== null) headers['x-mlflow-workspace'] = workspace;
      if (body !== undefined) {
        headers['content-type'] = file ? 'application/octet-stream' : 'application/json';
        headers['content-length'] = Buffer.byteLength(body);
      }
      const request = (secure ? https : http).request(
        `${uri}${path}`,
        { method, agent, headers, signal: AbortSignal.timeout(file ? fileTimeout : timeout) },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('error', reject);
          answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(parts) }));
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  return Object.assign(send, { close: () => agent.destroy() });
}

const AT_ONCE = 8;
