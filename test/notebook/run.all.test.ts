import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { clearOutputs, firstOutput, injectParameters, parseNotebook, renderNotebook } from '../../src/notebook/notebook-file.js';
import { createOutputs, MOST_DISPLAYS, MOST_TEXT } from '../../src/notebook/outputs.js';
import { runNotebook } from '../../src/notebook/run.js';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'netloop-notebook-'));
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Source {
  readonly source: string;
  readonly tags?: readonly string[];
}

function write(name: string, cells: readonly Source[]): string {
  const file = join(folder, name);
  const text = cells.map(({ source, tags = [] }) => ({
    cell_type: 'code',
    metadata: { tags },
    source,
    outputs: [],
    execution_count: null,
  }));
  writeFileSync(file, JSON.stringify({ cells: text, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  return file;
}

describe('a notebook runs without Jupyter', () => {
  test('cells see each other and the parameters; outputs stand in their cells', async () => {
    const file = write('good.ipynb', [
      { source: 'let rows: number = 2;', tags: ['parameters'] },
      { source: "import { createRandom } from 'netloop';\nimport { plot, progress, show, toArquero } from 'netloop/notebook';" },
      {
        source:
          'const random = createRandom(7);\nconst table = Array.from({ length: rows }, (_, i) => ({ i: i, n: random.below(10) }));\nshow(table);',
      },
      { source: "plot.line(table, { x: 'i', y: 'n', title: 'Dice' });" },
      {
        source:
          "const bar = progress('work', { total: 2 });\nbar.update(1);\nawait new Promise((done) => setTimeout(done, 20));\nbar.done();",
      },
      { source: "console.log('a');\nconsole.log('b');\nshow(toArquero(table));" },
    ]);
    const { notebook, failed } = await runNotebook(file, { parameters: { rows: 3 } });
    expect(failed).toBeNull();
    const [, injected, , shown, drawn, worked, printed] = notebook.cells;
    expect(injected!.source).toBe('let rows = 3;');
    expect(shown!.outputs).toMatchObject([
      { output_type: 'display_data', data: { 'text/plain': expect.stringMatching(/^i {2}n\n-.*\n0 .*\n1 .*\n2 /) } },
    ]);
    expect(Object.keys((drawn!.outputs![0] as { data: object }).data)).toEqual([
      'application/vnd.plotly.v1+json',
      'image/svg+xml',
      'text/plain',
    ]);
    expect(worked!.outputs).toHaveLength(1); // one bar, drawn over
    expect(worked!.outputs).toMatchObject([{ data: { 'text/plain': expect.stringMatching(/^work: done · 1 · /) } }]);
    expect(printed!.outputs).toMatchObject([{ output_type: 'stream', name: 'stdout', text: 'a\nb\n' }, { output_type: 'display_data' }]);
    expect(firstOutput(clearOutputs(notebook))).toBeNull();
  });

  test('a failing cell stops it: number, coded message, and nothing after', async () => {
    const file = write('coded.ipynb', [
      { source: 'let n = 1;', tags: ['parameters'] },
      {
        source:
          "import { createSequencer, sequenceDefaults } from 'netloop';\nimport { show } from 'netloop/notebook';\ncreateSequencer({ ...sequenceDefaults, overlap: 1 + n });",
      },
      { source: "console.log('never');" },
    ]);
    const { notebook, failed } = await runNotebook(file, { parameters: { n: 2 } });
    expect(failed).toEqual({ cell: 2, message: 'NL_OPTION invalid sequence.overlap: expected a number in [0, 1), got 3' });
    expect(notebook.cells[2]!.outputs).toEqual([
      { output_type: 'error', ename: 'NL_OPTION', evalue: failed!.message, traceback: [failed!.message] },
    ]);
    expect(notebook.cells[3]!.outputs).toEqual([]);
  });

  test('types are checked before a cell runs', async () => {
    const file = write('types.ipynb', [
      { source: "import { type Flow, strideOf } from 'netloop';" },
      { source: "const stride: string = strideOf({ length: 10, overlap: 0.5 });\nconsole.log('ran');" },
    ]);
    const { failed } = await runNotebook(file);
    expect(failed).toEqual({ cell: 2, message: "1:7 - Type 'number' is not assignable to type 'string'." });
  });

  test('a kernel that dies, a cell that never ends and a caller who has waited enough are told apart', async () => {
    const dies = await runNotebook(write('dies.ipynb', [{ source: 'process.exit(3);' }]));
    expect(dies.failed).toEqual({ cell: 1, message: 'the kernel stopped (exit code 3)' });
    const endless = write('endless.ipynb', [{ source: 'await new Promise((done) => setTimeout(done, 60_000));' }]);
    const late = await runNotebook(endless, { cellSeconds: 2 });
    expect(late.failed).toMatchObject({ cell: 1, message: expect.stringMatching(/^took longer than 2 s/) });
    await expect(runNotebook(endless, { signal: AbortSignal.timeout(500) })).rejects.toThrow(
      expect.objectContaining({ name: 'TimeoutError' }),
    );
  });
});

test('what a cell puts out is bounded, and what was not kept is said', () => {
  const outputs = createOutputs();
  for (let i = 0; i < 30; i++) outputs.take({ kind: 'stream', cell: 1, name: 'stdout', text: 'x'.repeat(100_000) });
  for (let i = 0; i < MOST_DISPLAYS + 7; i++) outputs.take({ kind: 'display', cell: 1, data: { 'text/plain': String(i) }, id: null });
  const all = outputs.all();
  expect(all).toHaveLength(1 + MOST_DISPLAYS + 1);
  expect(all[0]).toMatchObject({ text: 'x'.repeat(MOST_TEXT) });
  expect(all.at(-1)).toMatchObject({ text: "not kept: 1,000,000 characters and 7 displays more of this cell's output\n" });
});

describe('a notebook file', () => {
  const text = JSON.stringify({
    cells: [
      { cell_type: 'markdown', metadata: {}, source: ['# Title\n', 'text'] },
      {
        cell_type: 'code',
        metadata: { tags: ['parameters'] },
        source: ['let a = 1;\n', 'const b: string = "x";'],
        outputs: [],
        execution_count: null,
      },
    ],
    metadata: { kernelspec: { name: 'tslab' } },
    nbformat: 4,
    nbformat_minor: 5,
  });

  test('is written as it was read', () => {
    const notebook = parseNotebook(text);
    expect(notebook.cells[0]!.source).toBe('# Title\ntext');
    expect(JSON.parse(renderNotebook(notebook))).toEqual(JSON.parse(text));
    expect(parseNotebook(renderNotebook(notebook))).toEqual(notebook);
  });

  test('takes only parameters that it declares', () => {
    expect(injectParameters(parseNotebook(text), { b: 'y "quoted"' }).cells[2]!.source).toBe('let b = "y \\"quoted\\"";');
    expect(() => injectParameters(parseNotebook(text), { c: 1 })).toThrow(/invalid parameter 'c': expected one of a, b/);
  });

  test('that is none is a coded error', async () => {
    for (const bad of ['', '{', '[]', 'null', '{"nbformat":3,"cells":[]}', '{"nbformat":4}']) {
      expect(() => parseNotebook(bad, 'bad.ipynb')).toThrow(expect.objectContaining({ code: 'NL_FILE_FORMAT' }));
    }
    await expect(runNotebook(join(folder, 'absent.ipynb'))).rejects.toThrow(expect.objectContaining({ code: 'NL_FILE_MISSING' }));
  });
});
