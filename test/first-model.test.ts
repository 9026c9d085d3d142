import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderVerdict } from '../src/cli/verdict.js';
import type { FirstModel, FirstShape } from '../src/first-model.js';
import { loadModel } from '../src/networks/load.js';
import { createMemoryRegistry } from '../src/registry.js';
import { judgeRerun } from '../src/rerun.js';
import { readRun, recordedFirst } from '../src/stores/recorded-run.js';
import { createEmbeddedTracking } from '../src/stores/tracking-embedded.js';
import { fileOf, small } from './stores/tfjs/models.js';
import { makeFlows } from './traffic/flows.js';
import { replay, smallSpec } from './traffic/replay.js';

const flows = makeFlows({ flows: 1300, seed: 5 });

test('a behaviour lineage begins with layers of TensorFlow.js, learns on by cycles, and is marked; the flow lineage is not', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-first-'));
  const tracking = createEmbeddedTracking(dir);
  try {
    const asked: FirstShape[] = [];
    const first: FirstModel = (shape) => {
      asked.push(shape);
      return shape.learner === 'behaviour' ? fileOf(small(shape.seed % 1000, shape)) : null;
    };
    const registry = createMemoryRegistry();
    const { behaviour } = smallSpec();
    const spec = smallSpec({ behaviour: { ...behaviour, retrain: 'clock' } }); // from every window
    const { report } = await replay(spec, flows, { registry, tracking, first });
    const versions = await registry.list('behaviour');
    expect(versions.length).toBeGreaterThan(1);
    expect(versions.map(({ model }) => model.architecture.kind)).toEqual(versions.map(() => 'tfjs'));
    expect(new Set(versions.map(({ model }) => model.sha256)).size).toBe(versions.length); // each learnt
    expect(asked.map(({ learner, cycle, steps }) => [learner, cycle, steps])).toEqual([
      ['flow', 1, 1],
      ['behaviour', 1, 10],
    ]);

    for (const { learner, version, reproducible } of report.cycles) {
      if (version !== null) expect(reproducible).toBe(learner === 'behaviour' ? false : undefined);
    }
    const run = await readRun(tracking, report.run_id);
    expect(run.tags['netloop.reproducible']).toBe('false');

    // A rerun has the model that was brought, and says that its bits are not promised.
    const recorded = (await recordedFirst(tracking, run))!;
    const shape = asked[1]!;
    expect(await recorded(shape)).toEqual(fileOf(small(shape.seed % 1000, shape)));
    expect(await recorded(asked[0]!)).toBeNull();
    const again = await replay(spec, flows, { first: recorded });
    const verdict = judgeRerun(run, again.report);
    expect(verdict).toMatchObject({ verdict: 'bit-exact', reproducible: false }); // here, on one machine
    expect(renderVerdict(verdict)).toMatch(/not reproducible: TensorFlow.js/);
    loadModel(versions.at(-1)!.model).dispose();
  } finally {
    tracking.close();
    rmSync(dir, { recursive: true, force: true });
  }
});

test('a model of another shape fails its cycle by name, and the other learner goes on', async () => {
  const first: FirstModel = ({ learner, steps }) => (learner === 'behaviour' ? fileOf(small(1, { steps, features: 3 })) : null);
  const { report } = await replay(smallSpec(), flows, { first });
  const [behaviour] = report.cycles.filter((c) => c.learner === 'behaviour');
  expect(behaviour).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(/^NL_MODEL_SCHEMA the model brought for behaviour reads 10 x 3/),
  });
  expect(report.cycles.find((c) => c.learner === 'flow')!.state).toBe('deployed');
  expect(report.live.behaviour).toBeNull();
});
