import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { tryExperiment } from '../../src/notebook/experiment.js';
import { resolveSpec } from '../../src/spec.js';
import { findHome } from '../../src/stores/home.js';
import { trackingPlace } from '../../src/stores/open-tracking.js';
import { readRun } from '../../src/stores/recorded-run.js';
import { writeZeekJson } from '../traffic/zeek-json.js';

const dir = mkdtempSync(join(tmpdir(), 'netloop-try-'));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

test('an excerpt is recorded as what it is, so that it can be run again from its record, and nothing goes live', async () => {
  vi.stubEnv('NETLOOP_HOME', dir);
  const file = join(dir, 'conn.log');
  writeZeekJson(file, { flows: 1000, seed: 5 });
  const spec = resolveSpec({
    name: 'small',
    source: { files: [file], sort: 'end' },
    flow: { every: { flows: 200 }, minSamples: 50, first: { epochs: 2 }, train: { epochs: 1 }, dense: [8] },
    behaviour: { enabled: false },
    publish: true,
  });
  const whole = await tryExperiment(spec);
  const seconds = (whole.report.to - whole.report.from) / 2e6;
  const { report, registry } = await tryExperiment(spec, { seconds });
  expect(report.flows).toBeGreaterThan(200);
  expect(report.flows).toBeLessThan(whole.report.flows);
  expect((await registry.list('flow')).length).toBeGreaterThan(0);

  const tracking = trackingPlace(findHome(dir, process.env)).open();
  const recorded = await readRun(tracking, report.run_id);
  tracking.close();
  expect(recorded).toMatchObject({ experiment: `small-${seconds}s`, spec: { source: { seconds }, publish: false } });
  const again = await tryExperiment(recorded.spec);
  expect(again.report.hashes).toEqual(report.hashes);
  expect(existsSync(join(dir, 'models')) ? readdirSync(join(dir, 'models')) : []).toEqual([]);
}, 120_000);
