// DESIGN section 6, promise by promise. Guarded elsewhere: the kernels' bits (test/kernels, test/networks/golden), the worker's bits
// (test/workers), no Math.exp or clock in what is learnt (test/house), a rerun's verdict (test/rerun, test/cli/rerun).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/hash.js';
import { kernelHash } from '../../src/kernels/instantiate.js';
import { openSources } from '../../src/sources/open.js';
import { environmentTags } from '../../src/stores/environment.js';
import { trainInWorker } from '../../src/workers/train.js';
import { captureSource, captureTruth, makeCapture, pcapOf } from '../traffic/capture.js';
import { makeFlows } from '../traffic/flows.js';
import { flowSource, only, type Ran, run, specOf, trainHere } from './run.js';

const windows = { flow: { every: { seconds: 300 } }, behaviour: { every: { seconds: 300 } } };
const frames = makeCapture({ sessions: 1800 });
let reference: Ran;
beforeAll(async () => {
  reference = await run(specOf(windows), [captureSource(frames)]);
});

/** Everything of a run that must be the same to the bit: all but ids and seconds. */
async function bitsOf({ report, alerts, registry, ledger }: Ran) {
  const { cycles, hashes, prequential, flows, from, to, live, ignored } = report;
  return {
    ...{ hashes, prequential, flows, from, to, live, ignored, labels: ledger.entries() },
    cycles: cycles.map(({ seconds, ...cycle }) => cycle),
    alerts: (await alerts.query({ limit: 100_000 })).alerts,
    versions: [...(await registry.list('flow')), ...(await registry.list('behaviour'))].map(({ run: _, ...version }) => version),
  };
}

describe('replay uses capture time', () => {
  test('the reference run is worth comparing: cycles deployed, swaps, alerts of rules and models', async () => {
    const { report, alerts } = reference;
    expect(report.cycles.filter((c) => c.state === 'deployed').length).toBeGreaterThanOrEqual(4);
    expect(report.cycles.filter((c) => c.swap !== null && c.parent !== null).length).toBeGreaterThan(0);
    const { bySource } = await alerts.stats();
    expect(bySource.DFA).toBeGreaterThan(0);
    expect(bySource.ANN).toBeGreaterThan(0);
    expect(bySource.LSTM).toBeGreaterThan(0);
  });

  test.each([1, 7, 1000])('frames %i at a time: the same bytes of flows, labels, weights, metrics and alerts', async (batch) => {
    const again = await run(specOf(windows), [captureSource(frames, { batch })]);
    expect(await bitsOf(again)).toEqual(await bitsOf(reference));
  });

  test('a slow reader and a slow training change nothing', async () => {
    const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
    const slow = captureSource(frames, { batch: 500, dawdle: () => pause(5) });
    const again = await run(specOf(windows), [slow], {
      train: async (...job) => {
        await pause(30);
        return trainHere(...job);
      },
    });
    expect(await bitsOf(again)).toEqual(await bitsOf(reference));
  });

  test('training in a worker gives the bits of training here', async () => {
    const again = await run(specOf(windows), [captureSource(frames)], {
      train: (model, batch, options) => trainInWorker({ model, batch, options }),
    });
    expect(await bitsOf(again)).toEqual(await bitsOf(reference));
  });

  test('flow records one at a time give the same as all at once', async () => {
    const flows = makeFlows({ flows: 1300, seed: 5 });
    const [all, single] = [await run(specOf(), [flowSource(flows)]), await run(specOf(), [flowSource(flows, 1)])];
    expect(await bitsOf(single)).toEqual(await bitsOf(all));
  });

  test('the clock of the wall is not looked at', async () => {
    let tick = 1e12;
    const again = await run(specOf(windows), [captureSource(frames)], {
      now: () => {
        tick = (tick * 48271) % 2147483647;
        return tick;
      },
    });
    expect(await bitsOf(again)).toEqual(await bitsOf(reference));
  });

  test('the same traffic a day later is learnt to the same weights', async () => {
    const later = frames.map((f) => ({ ...f, ts: f.ts + 86_400e6 }));
    const { report } = await run(specOf(windows), [captureSource(later)]);
    expect(report.hashes.flows).not.toBe(reference.report.hashes.flows);
    expect(report.hashes.weights).toBe(reference.report.hashes.weights);
    expect(report.hashes.labels).toBe(reference.report.hashes.labels);
  });

  test('another seed gives the same flows and other weights', async () => {
    const { report } = await run(specOf({ ...windows, seed: 2 }), [captureSource(frames)]);
    expect(report.hashes.flows).toBe(reference.report.hashes.flows);
    expect(report.hashes.weights).not.toBe(reference.report.hashes.weights);
  });
});

describe('files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'netloop-promise-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const pcap = pcapOf(frames);
  writeFileSync(join(dir, 'plain.pcap'), pcap);
  writeFileSync(join(dir, 'packed.pcap.gz'), gzipSync(pcap));

  test.each(['plain.pcap', 'packed.pcap.gz'])('%s gives the bytes that its frames gave', async (file) => {
    const { sources } = await openSources({ files: [file] }, dir);
    const again = await run(
      specOf(windows),
      sources.map((s) => ({ ...s, labelOf: captureTruth })),
    );
    expect(await bitsOf(again)).toEqual(await bitsOf(reference));
  });

  test('the hash of every input is recorded, the truth of a capture included', async () => {
    const truth = 'first_us\tlast_us\tproto\torig_h\torig_p\tresp_h\tresp_p\tattack\n';
    writeFileSync(join(dir, 'plain.truth.tsv'), truth);
    const { datasets } = await openSources({ files: ['plain.pcap', 'packed.pcap.gz'] }, dir);
    expect(datasets.map((d) => [d.name, d.sha256])).toEqual([
      ['plain.pcap', sha256(pcap)],
      ['plain.truth.tsv', sha256(truth)],
      ['packed.pcap.gz', sha256(gzipSync(pcap))],
    ]);
  });
});

describe('a run records', () => {
  test('its resolved spec, seed, clock mode, inputs and the hash of all it made', async () => {
    const spec = specOf(only('flow'));
    const { tracking, report } = await run(spec, [flowSource(makeFlows({ flows: 450 }))], { environment: { 'netloop.node': 'v0' } });
    const [info] = await tracking.runs({ id: report.run_id });
    expect(JSON.parse(info!.tags['netloop.spec']!)).toEqual(JSON.parse(JSON.stringify(spec)));
    expect(info!.tags).toMatchObject({ 'netloop.clock': 'capture', 'netloop.seed': '1', 'netloop.node': 'v0' });
    expect(info!.datasets).toEqual([{ name: 'flows', sha256: 'x', source: 'flows' }]);
    for (const [what, hash] of Object.entries(report.hashes)) {
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
      expect(info!.tags[`netloop.sha256.${what}`]).toBe(hash);
    }
    expect(info!.params['sequence.length']).toBe('10');
  });

  test('a wire is not called a replay', async () => {
    const { tracking, report } = await run(specOf(windows), [{ ...captureSource(frames.slice(0, 200)), live: true }]);
    expect((await tracking.runs({ id: report.run_id }))[0]!.tags['netloop.clock']).toBe('wire');
  });

  test('commit, uncommitted changes, untracked files, lockfile, Node, platform, kernel and threads', () => {
    const dir = mkdtempSync(join(tmpdir(), 'netloop-promise-'));
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', dir, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { stdio: 'pipe' });
    try {
      git('init', '-q');
      writeFileSync(join(dir, 'a.ts'), 'one');
      writeFileSync(join(dir, 'package-lock.json'), '{}');
      git('add', '.');
      git('commit', '-q', '-m', 'first');
      const clean = environmentTags(dir);
      expect(clean).toMatchObject({
        'mlflow.source.git.commit': git('rev-parse', 'HEAD').toString().trim(),
        'mlflow.source.git.dirty': 'false',
        'netloop.lockfile.sha256': sha256('{}'),
        'netloop.node': process.version,
        'netloop.platform': `${process.platform}-${process.arch}`,
        'netloop.kernel': `wasm-simd ${kernelHash}`,
        'netloop.threads': '1',
      });
      expect(clean).not.toHaveProperty('netloop.untracked.sha256');
      writeFileSync(join(dir, 'a.ts'), 'two');
      const dirty = environmentTags(dir);
      expect(dirty['mlflow.source.git.diff']).toContain('+two');
      expect(dirty['netloop.diff.sha256']).toMatch(/^[0-9a-f]{64}$/);
      writeFileSync(join(dir, 'b.ts'), 'new');
      const untracked = environmentTags(dir)['netloop.untracked.sha256'];
      writeFileSync(join(dir, 'b.ts'), 'newer');
      expect(environmentTags(dir)['netloop.untracked.sha256']).not.toBe(untracked);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
