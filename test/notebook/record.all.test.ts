import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseNotebook } from '../../src/notebook/notebook-file.js';
import { recordNotebook, rerunNotebook } from '../../src/notebook/record.js';
import { runNotebook } from '../../src/notebook/run.js';
import { createEmbeddedTracking } from '../../src/stores/tracking-embedded.js';

const home = mkdtempSync(join(tmpdir(), 'netloop-record-'));
const tracking = createEmbeddedTracking(join(home, 'tracking'));
symlinkSync(join(import.meta.dirname, '..', '..', 'node_modules'), join(home, 'node_modules'));
afterAll(() => {
  tracking.close();
  rmSync(home, { recursive: true, force: true });
});

test('a recorded notebook runs again from its run alone, and the cell that put out something else is named', async () => {
  mkdirSync(join(home, 'notebooks'));
  const file = join(home, 'notebooks', 'dice.ipynb');
  const cells = [
    { source: 'let sides = 6;', tags: ['parameters'] },
    { source: "import { createRandom } from 'netloop';\nimport { progress } from 'netloop/notebook';\nconst random = createRandom(7);" },
    { source: "const bar = progress('throwing');\nconsole.log(random.below(sides), random.below(sides));\nbar.done();" },
    { source: 'console.log(process.hrtime.bigint());' },
  ].map(({ source, tags = [] as string[] }) => ({ cell_type: 'code', metadata: { tags }, source, outputs: [], execution_count: null }));
  writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));

  const parameters = { sides: 1_000_000 };
  const run = await runNotebook(file, { parameters });
  const id = await recordNotebook(tracking, run, { file, home, parameters, environment: { 'netloop.node': process.version } });
  rmSync(file); // the run alone is enough

  const [info] = await tracking.runs({ id });
  expect(info).toMatchObject({ experiment: 'notebooks', status: 'FINISHED', params: { sides: '1000000' } });
  expect(await tracking.artifacts(id)).toEqual(['executed.ipynb', 'report.html']);
  const kept = parseNotebook(Buffer.from(await tracking.readArtifact(id, 'executed.ipynb')).toString());
  expect(kept.cells[3]!.outputs).toContainEqual({ output_type: 'stream', name: 'stdout', text: expect.stringMatching(/^\d+ \d+\n$/) });

  const again = await rerunNotebook(tracking, id, home);
  expect(again.run.failed).toBeNull();
  expect(again.differing).toEqual([4]); // the clock; neither the dice nor the bar
}, 180_000);

test('a run that no notebook made is a coded error', async () => {
  const id = await tracking.start({ experiment: 'lab', name: 'no notebook' });
  for (const run of [id, 'f'.repeat(32), 'nonsense']) {
    await expect(rerunNotebook(tracking, run, home)).rejects.toThrow(expect.objectContaining({ code: 'NL_RUN_UNKNOWN' }));
  }
});
