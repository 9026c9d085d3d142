import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Code, codes, guideOf, symptoms } from '../src/errors.js';
import { createCaller } from './service/answers.js';
import { startSite } from './service/site.js';

const root = join(import.meta.dirname, '..');
const guide = readFileSync(join(root, 'GUIDE.md'), 'utf8');
const headings = [...guide.matchAll(/^#{2,3} (.+)$/gm)].map((m) => m[1]!);
/** As GitHub makes one of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');

test('every code has one section that names it, under the symptom that errors point to; no section names another', () => {
  const sections = Object.fromEntries([...guide.matchAll(/^### (.+)\n\n`(NL_\w+)`\./gm)].map((m) => [m[2], m[1]]));
  expect(sections).toEqual(symptoms);
  expect(Object.keys(sections).sort()).toEqual(Object.keys(codes).sort());
  const anchors = headings.map(anchorOf);
  expect(new Set(anchors).size).toBe(anchors.length);
  for (const code of Object.keys(codes) as Code[]) expect(anchors, code).toContain(guideOf(code).replace('GUIDE.md#', ''));
  for (const [, link] of guide.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(link);
});

test('commands and options of the guide exist', () => {
  const sources = readdirSync(join(root, 'src', 'cli')).map((name) => readFileSync(join(root, 'src', 'cli', name), 'utf8'));
  const commands = [...guide.matchAll(/npx netloop ([^`#\n]+)/g)].map((m) => m[1]!.trim());
  expect(commands.length).toBeGreaterThan(10);
  for (const command of commands) {
    const words = command.split(' ');
    if (words[0] === 'COMMAND') continue;
    const own = sources.filter((text) => text.includes(`.command('${words[0]}')`)).join();
    expect(own, command).not.toBe('');
    if (['models', 'lab', 'datasets'].includes(words[0]!)) expect(sources.join(), command).toContain(`.command('${words[1]}')`);
    for (const option of words.filter((word) => word.startsWith('--'))) {
      if (option !== '--help') expect(sources.join(), command).toMatch(new RegExp(`\\.(required)?[oO]ption\\('${option}\\b`));
    }
  }
});

test('addresses of the guide exist, and what it sends them is taken', async () => {
  const { url } = await startSite({ flows: 10 });
  const { document, call } = await createCaller(url);
  const patterns = Object.entries(document.paths).map(([path, methods]) => ({
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
    methods: Object.keys(methods),
  }));
  const there = (method: string, path: string): boolean =>
    patterns.some(({ pattern, methods }) => pattern.test(path) && methods.includes(method.toLowerCase()));
  const named = [...guide.matchAll(/\b(GET|POST|PUT) (\/[\w/-]+)/g)].map((m) => [m[1]!, m[2]!] as const);
  const curls = [...guide.matchAll(/^curl (.*)$/gm)].map(([, line]) => ({
    method: /-X (\w+)/.exec(line!)?.[1] ?? 'GET',
    path: /(?:localhost:8000|hub\.example\.org)(\/[\w/-]+)/.exec(line!)![1]!,
    body: /-d '(\{.*\})'/.exec(line!)?.[1],
  }));
  expect(curls.length).toBeGreaterThan(10);
  for (const [method, path] of [...named, ...curls.map(({ method, path }) => [method, path] as const)]) {
    expect(there(method, path), `${method} ${path}`).toBe(true);
  }
  // A body that the schemas refuse is a 400; what is not there, or not possible on an empty service, is told otherwise.
  for (const { method, path, body } of curls.filter((curl) => curl.body !== undefined)) {
    const { status, text } = await call(method, path, JSON.parse(body!));
    if (path !== '/sniffer/start') expect(status, `${method} ${path} ${text}`).not.toBe(400);
  }
});
