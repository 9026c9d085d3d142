import { join } from 'node:path';
import { NetloopError } from '../errors.js';
import type { ExperimentPorts } from '../experiment.js';
import { createCaptures } from './captures.js';
import { createConfigStore } from './config.js';
import { createEventHub } from './events.js';
import { createLoop, type Loop, type LoopOptions } from './loop.js';
import type { App } from './parts.js';
import { createServer, type ServerOptions } from './server.js';

export interface ServiceOptions extends Pick<ServerOptions, 'token' | 'version' | 'rate' | 'bodyLimit' | 'streams' | 'onError'> {
  readonly ports: ExperimentPorts;
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

export interface Service {
  readonly url: string;
  readonly loop: Loop;
  readonly app: App;
  /** Stops listening, ends the sniffer and waits until everything is recorded. The ports stay open. */
  close(): Promise<void>;
}

/** Detects, learns and answers on HTTP until it is closed. @throws NL_OPTION, NL_SPEC, and NL_BUSY where the port is taken */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { ports, state, host = '127.0.0.1', port = 8000 } = options;
  const events = createEventHub();
  const captures = createCaptures(options.captures);
  const config = createConfigStore({
    file: join(state, 'config.json'),
    log: join(state, 'config-changes.jsonl'),
    initial: options.config,
    now: ports.now,
  });
  const loop = await createLoop({ ports, config, captures, events, openInterface: options.openInterface });
  const { alerts, registry } = ports;
  const app = await createServer({ ...options, host, loop, alerts, registry, captures, events });
  const url = await app.listen({ host, port }).catch((cause: NodeJS.ErrnoException) => {
    const taken = cause.code === 'EADDRINUSE';
    throw new NetloopError(
      taken ? 'NL_BUSY' : 'NL_OPTION',
      `cannot listen on ${host}:${port}: ${taken ? 'another program does' : cause.message}`,
      { cause },
    );
  });
  return {
    url,
    loop,
    app,
    async close() {
      await app.close();
      await loop.close();
    },
  };
}
