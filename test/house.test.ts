import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

// The house (DESIGN: the walk is the layout). Rooms in the order of the walk; a file imports only from rooms above its own or from its own.
const rooms = [
  ['errors', 'math', 'random', 'beta', 'binomial', 'student', 'hash', 'privacy', 'kernels/'],
  ['packet', 'packets/', 'decode'],
  ['feature', 'flow', 'flows/', 'assemble'],
  ['features/', 'featurize', 'encoder'],
  ['alert', 'rule', 'rules/'],
  ['label', 'calibrate', 'conformal', 'risk-coverage', 'ledger', 'feedback', 'audit'],
  ['sequence'],
  ['model', 'networks/', 'forest', 'subspace', 'witness'],
  ['evaluate', 'forgetting', 'baseline', 'drift', 'drift/', 'gate'],
  ['registry', 'tracking-limits', 'tracking', 'journal', 'source'],
  [
    'detector',
    'difference',
    'counterfactual',
    'shadow',
    'attest',
    'guard',
    'samples',
    'trusted',
    'others',
    'lesson',
    'evidence',
    'questions',
    'anchors',
    'memory',
    'judge',
    'cycle',
    'cycle-audit',
    'first-model',
    'cycle-record',
    'kept-window',
    'forget',
    'erasures',
    'retrain',
    'recover',
    'learner',
    'traffic',
  ],
  ['walk'],
  [
    'training-spec',
    'spec',
    'cycle-limit',
    'honesty',
    'honesty-card',
    'experiment-record',
    'experiment',
    'drill',
    'sweep',
    'halving',
    'rerun',
    'rerun-windows',
    'compare',
    'seed-group',
  ],
  // --- the edge ---
  ['sources/'],
  ['stores/'],
  ['workers/'],
  ['engines/'],
  ['lab/'],
  ['index'],
  ['notebook/'],
  ['service/'],
  ['cli/'],
];
const edge = rooms.findIndex((room) => room.includes('sources/'));

const src = join(import.meta.dirname, '..', 'src');
function files(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) return path.endsWith('assembly') ? [] : files(path);
    return path.endsWith('.ts') ? [relative(src, path)] : [];
  });
}
const all = files(src);

function roomOf(file: string): number {
  const key = file.includes('/') ? `${file.split('/')[0]}/` : file.replace(/\.ts$/, '');
  return rooms.findIndex((room) => room.includes(key));
}

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}
function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)';|^import\s+'([^']+)';|\bimport\('([^']+)'\)/gm)].map(
    (m) => ({
      from: m[2] ?? m[3] ?? m[4]!,
      typeOnly: m[1] !== undefined,
    }),
  );
}

describe('the house', () => {
  test('every file has a room', () => {
    expect(all.filter((f) => roomOf(f) < 0)).toEqual([]);
  });

  test('a file imports only from its own room or rooms above', () => {
    const wrong: string[] = [];
    for (const file of all) {
      for (const { from } of importsOf(file)) {
        if (!from.startsWith('.')) continue;
        const target = relative(src, join(src, file, '..', from)).replace(/\.js$/, '.ts');
        if (roomOf(target) > roomOf(file)) wrong.push(`${file} -> ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('no value-import cycles inside a room', () => {
    const graph = new Map<string, string[]>();
    for (const file of all) {
      const targets = importsOf(file)
        .filter((i) => i.from.startsWith('.') && !i.typeOnly)
        .map((i) => relative(src, join(src, file, '..', i.from)).replace(/\.js$/, '.ts'));
      graph.set(file, targets);
    }
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      else if (!done.has(file)) {
        for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
        done.add(file);
      }
    };
    for (const file of all) visit(file, []);
    expect(cycles).toEqual([]);
  });

  test('above the edge nothing touches disk, network, process or clock, and no dice are unseeded', () => {
    const pure = new Set(['node:crypto']); // hashing: same bytes, same answer
    const wrong: string[] = [];
    for (const file of all.filter((f) => roomOf(f) < edge)) {
      for (const { from } of importsOf(file)) if (from.startsWith('node:') && !pure.has(from)) wrong.push(`${file} imports ${from}`);
      const code = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      for (const word of [
        /\bMath\.random\b/,
        /\bDate\.now\b/,
        /\bnew Date\(\)/,
        /\bperformance\.now\b/,
        /\bprocess\./,
        /\bsetTimeout\b/,
        /\bfetch\(/,
      ]) {
        if (word.test(code)) wrong.push(`${file} uses ${word.source}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('what is learnt uses no Math function whose last bits differ between engines', () => {
    const inexact = /\bMath\.(exp|expm1|log|log1p|log2|log10|pow|sin|cos|tan|tanh|sinh|cosh|cbrt|hypot|atan2?|asin|acos)\b|(?<!\b2 )\*\*/; // 2 ** n is exact
    const wrong = all
      .filter((f) => roomOf(f) < edge)
      .filter((f) => inexact.test(readFileSync(join(src, f), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')));
    expect(wrong).toEqual([]);
  });

  test('no default exports, no any, no class where a closure does', () => {
    const wrong: string[] = [];
    for (const file of all.filter((f) => !f.endsWith('.wasm.ts'))) {
      const code = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      if (/^export default/m.test(code)) wrong.push(`${file}: default export`);
      if (/[:<|]\s*any\b/.test(code)) wrong.push(`${file}: any`);
      if (/^\s*(?:export\s+)?(?:abstract\s+)?class\s+(?!\w*Error\b)/m.test(code)) wrong.push(`${file}: class`);
    }
    expect(wrong).toEqual([]);
  });

  test('the top level is what was asked for', () => {
    const root = join(src, '..');
    for (const name of ['package.json', 'tsconfig.json', 'notebooks', 'src', 'experiments', 'datasets', 'models', 'test', 'README.md']) {
      expect(statSync(join(root, name)), name).toBeTruthy();
    }
  });
});
