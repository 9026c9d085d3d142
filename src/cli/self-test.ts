import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDetector } from '../detector.js';
import { encoderFile, fitEncoder } from '../encoder.js';
import type { FeatureRow } from '../feature.js';
import { createFeaturizer } from '../featurize.js';
import type { Flow } from '../flow.js';
import { guardedGate } from '../gate.js';
import { label, plainPolicy } from '../label.js';
import { createLearner } from '../learner.js';
import type { LabelledBatch } from '../model.js';
import { createModel } from '../networks/load.js';
import { createRandom } from '../random.js';
import { createRules } from '../rules/all.js';
import { resolveSpec } from '../spec.js';
import { createAlertStore } from '../stores/alerts-sqlite.js';
import { createFileRegistry } from '../stores/registry-files.js';
import { trainInWorker } from '../workers/train.js';

export interface SelfCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What was seen. */
  readonly detail: string;
}

/** A quiet web flow, one a second. Documentation addresses (RFC 5737). */
const sampleFlow = (i: number): Flow => ({
  ts: 1_700_000_000_000_000 + i * 1_000_000,
  duration: 250_000,
  proto: 'tcp',
  service: 'http',
  orig_h: `192.0.2.${1 + (i % 3)}`,
  orig_p: 40_000 + i,
  resp_h: '198.51.100.7',
  resp_p: 80,
  conn_state: 'SF',
  history: 'ShADadFf',
  orig_pkts: 6,
  orig_bytes: 300 + i,
  orig_ip_bytes: 620 + i,
  resp_pkts: 5,
  resp_bytes: 2000,
  resp_ip_bytes: 2260,
  vlan: null,
  tunnel: null,
  wrong_fragment: 0,
  urgent: 0,
  end: 'recorded',
});

/** What is tried; a test breaks one after the other. */
export interface SelfParts {
  readonly rules: typeof createRules;
  readonly learner: typeof createLearner;
  readonly store: typeof createAlertStore;
  readonly label: typeof label;
  readonly registry: typeof createFileRegistry;
  readonly train: typeof trainInWorker;
}

const real: SelfParts = {
  rules: createRules,
  learner: createLearner,
  store: createAlertStore,
  label,
  registry: createFileRegistry,
  train: trainInWorker,
};

/**
 * The list of SafeLink's test script, each point done for real in a folder of its own: detector, learner, statistics, store, readiness,
 * auto-labels, backup, background thread.
 */
export async function selfTest(parts: Partial<SelfParts> = {}): Promise<readonly SelfCheck[]> {
  const use = { ...real, ...parts };
  const dir = mkdtempSync(join(tmpdir(), 'netloop-self-test-'));
  const checks: SelfCheck[] = [];
  const check = async (name: string, work: () => Promise<[ok: boolean, detail: string]>): Promise<void> => {
    try {
      const [ok, detail] = await work();
      checks.push({ name, ok, detail });
    } catch (error) {
      checks.push({ name, ok: false, detail: (error as Error).message });
    }
  };
  const spec = resolveSpec({ source: { files: ['-'] } });
  const rows: FeatureRow[] = [];
  const learner = use.learner({
    ...spec.flow,
    name: 'flow',
    every: { flows: 1 },
    sequence: spec.sequence,
    policy: plainPolicy,
    gate: guardedGate,
    seedOf: (n) => n,
  });
  const detector = createDetector({
    rules: use.rules(),
    featurize: createFeaturizer(),
    onStep: (step) => {
      rows.push(step.row);
      learner.observe(step);
    },
  });
  const now = sampleFlow(45).ts;
  try {
    await check('detector', async () => {
      let alerts = 0;
      for (let i = 0; i < 45; i++) alerts += detector.observe({ kind: 'closed', ts: sampleFlow(i).ts, flow: sampleFlow(i) }).length;
      return [rows.length === 45 && alerts === 0, `${rows.length} flows seen, ${alerts} alerts on quiet traffic`];
    });
    await check('learner', async () => [learner.status(now).flows === 45, `collecting, window of ${learner.status(now).flows} flows`]);
    await check('statistics', async () => {
      const { cycle, flows, lost } = learner.status(now);
      return [cycle === 1 && flows === 45 && lost === 0, `cycle ${cycle}, ${flows} flows, ${lost} lost`];
    });
    await check('store', async () => {
      const store = use.store(join(dir, 'alerts.db'));
      const alert = {
        id: 'self-test',
        ts: now,
        source: 'DFA',
        rule: 'self-test',
        orig_h: '192.0.2.1',
        resp_h: '198.51.100.7',
        orig_p: 1,
        resp_p: 2,
        score: 1,
        evidence: {},
        model_version: null,
      } as const;
      await store.append([{ ...alert, user: '192.0.2.1', deployment: 'local', row: null }]);
      const found = await store.query({ limit: 10 });
      store.close();
      return [found.alerts.length === 1 && found.alerts[0]?.id === 'self-test', 'an alert written and read back'];
    });
    await check('readiness', async () => {
      const { waiting } = learner.status(now);
      return [waiting === 'need 100 flows, have 45' && !learner.due(now, true), `not yet: ${waiting}`];
    });
    await check('auto-labels', async () => {
      const given = [
        use.label({ rule: true, score: null }, plainPolicy),
        use.label({ rule: false, score: 0.97 }, plainPolicy),
        use.label({ rule: false, score: 0.12 }, plainPolicy),
        use.label({ rule: false, score: 0.6 }, plainPolicy),
      ];
      return [
        JSON.stringify(given.map((l) => l.label)) === '[1,1,0,null]',
        'rule -> attack, 0.97 -> attack, 0.12 -> benign, 0.60 -> skipped',
      ];
    });
    const encoder = fitEncoder(rows);
    const model = createModel({ kind: 'mlp', steps: 1, features: encoder.width, units: [], dense: [16] }, { seed: 1 });
    await check('backup', async () => {
      const registry = use.registry({ dir: join(dir, 'models') });
      const put = await registry.put({
        name: 'flow',
        parent: null,
        model: model.save(),
        encoder: encoderFile(encoder),
        sequence: null,
        metrics: {},
        dataHash: '',
        goldenHash: null,
        run: null,
        note: 'self-test',
      });
      await registry.promote('flow', put.version, 'self-test');
      const back = await registry.current('flow');
      return [back?.model.sha256 === model.save().sha256, `version ${back?.version}, weights ${back?.model.sha256.slice(0, 12)} as stored`];
    });
    await check('background thread', async () => {
      const random = createRandom(1);
      const n = 512;
      const batch: LabelledBatch = {
        x: Float32Array.from({ length: n * encoder.width }, () => random.next()),
        y: Float32Array.from({ length: n }, (_, i) => i % 2),
        rows: n,
        steps: 1,
        features: encoder.width,
      };
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      const { report, model: trained } = await use.train({
        model: model.save(),
        batch,
        options: { epochs: 20, batch: 32, learningRate: 1e-3, seed: 1 },
      });
      clearInterval(timer);
      return [
        report.epochs.length === 20 && trained.sha256 !== model.save().sha256 && ticks > 0,
        `${report.epochs.length} epochs in a worker, ${ticks} ticks of this thread meanwhile`,
      ];
    });
    model.dispose();
  } finally {
    detector.dispose();
    rmSync(dir, { recursive: true, force: true });
  }
  return checks;
}
