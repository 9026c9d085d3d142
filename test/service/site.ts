import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { openPorts } from '../../src/cli/ports.js';
import type { ExperimentPorts } from '../../src/experiment.js';
import { type ServiceOptions, startService } from '../../src/service/service.js';
import { resolveSpec } from '../../src/spec.js';
import { testFolder } from '../stores/folder.js';
import { writeZeekJson } from '../traffic/zeek-json.js';

/** Small models and small windows: several cycles of each learner in seconds. */
export const small = {
  flow: { every: { flows: 400 }, minSamples: 50, first: { epochs: 6, learningRate: 0.003 }, dense: [16], retrain: 'clock' },
  behaviour: {
    every: { flows: 500 },
    retrain: 'clock',
    minSamples: 10,
    first: { epochs: 4, learningRate: 0.005 },
    train: { epochs: 2 },
    units: [8],
    dense: [8],
  },
};

/** A service on a home of its own with one recording, captures/conn.log, on a free port of this machine; gone after the test. */
export async function startSite({
  flows = 2000,
  labels = true,
  tie = async () => ({}),
  ...options
}: Partial<ServiceOptions> & {
  flows?: number;
  /** Whether the recording says what is true. */
  labels?: boolean;
  /** What the service gets in the place of its own stores. */
  tie?: (ports: ExperimentPorts, state: string) => Promise<Partial<ServiceOptions>>;
} = {}) {
  const dir = testFolder();
  mkdirSync(join(dir, 'captures'));
  writeZeekJson(join(dir, 'captures', 'conn.log'), { flows, seed: 5, labels });
  const before = process.env.NETLOOP_HOME;
  process.env.NETLOOP_HOME = dir;
  const opening = openPorts(resolveSpec({ source: { files: ['-'] }, publish: true })); // reads the home before it first waits
  if (before === undefined) delete process.env.NETLOOP_HOME;
  else process.env.NETLOOP_HOME = before;
  const ports = await opening;
  onTestFinished(() => ports.close());
  const broken: unknown[] = [];
  const service = await startService({
    ports,
    state: join(dir, '.netloop'),
    captures: { captures: join(dir, 'captures') },
    port: 0,
    config: small,
    onError: (error) => broken.push(error),
    ...options,
    ...(await tie(ports, join(dir, '.netloop'))),
  });
  onTestFinished(() => service.close()); // the last said is done first
  const until = async (what: () => boolean | Promise<boolean>): Promise<void> => {
    for (const end = performance.now() + 120_000; !(await what()); await sleep(20)) {
      if (performance.now() > end) throw new Error(`never: ${what.toString()} ${JSON.stringify(service.loop.learning())}`);
    }
  };
  return { ...service, dir, ports, broken, until };
}
