import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as netloop from '../../src/index.js';
import { firstOutput, importsFrom, loadNotebook, parameterNames } from '../../src/notebook/notebook-file.js';
import { runNotebook } from '../../src/notebook/run.js';
import { missingPictures, picturesDrawn } from './pictures.js';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'notebooks');
const files = readdirSync(folder).filter((name) => name.endsWith('.ipynb'));
const lab = existsSync(join(root, 'datasets/lab/day1/capture.pcap.xz')) && existsSync(join(root, 'datasets/lab/day2/capture.pcap.xz'));
if (!lab && !process.env.CI) console.warn('skipped: notebooks are not run, because datasets/lab is absent');

/** Types leave nothing behind at run time: they are checked by the kernel when the notebook runs. */
const isType = (name: string): boolean => /^[A-Z]/.test(name) && !(name in netloop);

describe('every notebook', () => {
  test('there are some', () => expect(files.length).toBeGreaterThanOrEqual(3));

  test.each(files)('%s is kept without outputs', (file) => {
    expect(firstOutput(loadNotebook(join(folder, file))), 'number of a cell with outputs: netloop notebook clear').toBeNull();
  });

  test.each(files)('%s names only what the public door has', (file) => {
    const names = importsFrom(loadNotebook(join(folder, file)), 'netloop');
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !(name in netloop) && !isType(name))).toEqual([]);
  });

  test.each(files)('%s asks a question, can be set, and ends with something to try', (file) => {
    const notebook = loadNotebook(join(folder, file));
    expect(notebook.cells[0]!.source).toMatch(/^# \d\d · .+\n\n\*\*Question: .+\?\*\*/);
    expect(notebook.cells.at(-1)!.source).toContain('## Try this');
    expect(parameterNames(notebook)).toContain('seconds');
    expect(picturesDrawn(notebook)).toBeGreaterThan(0);
    expect(notebook.metadata).toMatchObject({ kernelspec: { name: 'tslab', language: 'typescript' } });
  });
});

// Five minutes of each day: enough for every cell to have something to show. All of them, at full length: notebooks.all.test.ts.
const reduced: Record<string, Record<string, unknown>> = {
  '01-traffic-and-flows.ipynb': { seconds: 300 },
  '02-sequences.ipynb': { seconds: 300 },
  '03-label-thresholds.ipynb': { seconds: 300, epochs: 3 },
};

describe.skipIf(!lab && !process.env.CI)('notebooks run on the shipped lab', () => {
  test.concurrent.each(Object.entries(reduced))('%s', async (file, parameters) => {
    const { notebook, failed } = await runNotebook(join(folder, file), { parameters });
    expect(failed).toBeNull();
    const outputs = notebook.cells.flatMap((cell) => cell.outputs ?? []);
    expect(missingPictures(notebook)).toEqual([]);
    expect(outputs.filter((o) => o.output_type === 'stream' && o.name === 'stderr')).toEqual([]);
  });
});
