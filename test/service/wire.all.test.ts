import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { isNetloopError } from '../../src/errors.js';
import { openLive } from '../../src/sources/live.js';
import { createCaller } from './answers.js';
import { startSite } from './site.js';

const loopback = Object.entries(networkInterfaces()).find(([, addresses]) => addresses?.some(({ internal }) => internal))?.[0] ?? 'lo';
const rights = await openLive({ interface: loopback }).then(
  () => null,
  (error: unknown) => (isNetloopError(error) && error.code === 'NL_RIGHTS' ? error.message : null),
);

test.skipIf(rights !== null)(
  `a real interface: its flows are counted, wrong names and filters are refused, stopping ends it ${rights ?? ''}`,
  async () => {
    const { url, until } = await startSite({
      openInterface: (name, { filter, stop }) => openLive({ interface: name, filter: filter ?? undefined, stop }),
    });
    const { call } = await createCaller(url);
    const { port } = new URL(url);
    expect((await call('POST', '/sniffer/start', { interface: 'no-such-wire0' })).status).toBe(400);
    expect((await call('POST', '/sniffer/start', { interface: loopback, filter: 'not a filter' })).status).toBe(400);
    const started = await call('POST', '/sniffer/start', { interface: loopback, filter: `tcp port ${port}` });
    expect([started.status, started.json.interface, started.json.speed]).toEqual([200, loopback, null]);
    await until(async () => {
      await fetch(`${url}/healthz`, { headers: { connection: 'close' } }); // a connection, which closes
      return (await call('GET', '/sniffer/status')).json.flows > 5;
    });
    expect((await call('GET', '/learning/status')).json).toMatchObject({ state: 'active', enabled: true });
    await call('POST', '/sniffer/stop');
    await until(async () => (await call('GET', '/sniffer/status')).json.state === 'stopped');
    expect((await call('GET', '/sniffer/status')).json).toMatchObject({ error: null, interface: loopback });
  },
);
