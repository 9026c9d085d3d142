import { spawn, spawnSync } from 'node:child_process';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.js';
import { createTestHome, program, type TestHome } from './home.js';

let home: TestHome;
beforeAll(() => {
  home = createTestHome();
});
afterAll(() => home.remove());

/** Several at a time: as many as a small machine bears. */
async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: 3 }, worker));
  return results;
}

describe('every command', () => {
  /** Help of this command and of all below it, by how it is called. */
  const helpOf = (command: Command, called: string): [string, string][] => {
    const told: string[] = [];
    command.configureOutput({ writeOut: (text) => void told.push(text) }).outputHelp();
    return [[called, told.join('')], ...command.commands.flatMap((inner) => helpOf(inner, `${called} ${inner.name()}`))];
  };
  const alone = async (load: () => Promise<(program: Command) => void>): Promise<Command> => {
    const program = new Command('netloop');
    (await load())(program);
    return program;
  };

  test('is found alone under its name, and has help with an example that begins as it does, and a --json', async () => {
    const without = ['models', 'notebook', 'datasets', 'lab', 'serve', 'mlflow']; // groups, and what runs until it is stopped
    for (const [name, load] of Object.entries(commands)) {
      const own = (await alone(load)).commands.find((command) => command.name() === name);
      expect(own, name).toBeDefined();
      for (const [called, help] of helpOf(own!, name)) {
        expect(help, called).toMatch(/\nExamples?:\n {2}\S/);
        const example = help.split(/\nExamples?:\n/)[1]!;
        expect(example, called).toMatch(called === 'start' ? /npm start/ : new RegExp(`netloop ${called}\\b`));
        if (!without.includes(called)) expect(help, called).toContain('--json');
      }
    }
    const { code, stdout, stderr } = await home.netloop('--help');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const listed = [...stdout.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!);
    expect(listed.slice(listed.indexOf('start'))).toEqual([...Object.keys(commands), 'help']);
  });

  test('wrong use ends with 2 and says what is wrong, before anything is done', async () => {
    const uses: [string[], RegExp][] = [
      [[], /Usage: netloop/],
      [['fluws', 'x'], /unknown command 'fluws'.*\(Did you mean flows\?\)/s],
      [['models', 'lst'], /unknown command 'lst'/],
      [['flows'], /missing required argument 'file'/],
      [['flows', home.data, '--nope'], /unknown option '--nope'/],
      [['flows', home.data, '--format', 'xml'], /Allowed choices are jsonl, csv, arrow, parquet/],
      [['flows', home.data, '--format', 'parquet'], /^NL_OPTION invalid --format parquet: .*--out FILE/],
      [['flows', home.data, '--json', '--format', 'csv'], /^NL_OPTION invalid --json/],
      [['flows', home.data, '--idle', 'soon'], /^NL_OPTION invalid --idle: expected a number, got soon/],
      [['flows', home.data, '--active', '-3'], /^NL_OPTION invalid active: expected a number in \[0\.001, inf\), got -3/],
      [['flows', '-', '-'], /^NL_OPTION standard input/],
      [['sequences', home.data, '--length', '4'], /^NL_OPTION .*\[5, 50\], got 4/],
      [['sequences', home.data, '--overlap', '1'], /^NL_OPTION .*\[0, 1\), got 1/],
      [['sequences', home.data, '--by', 'mac'], /^NL_OPTION invalid --by: .*got mac/],
      [['run'], /missing required argument 'experiment'/],
      [['run', home.spec, '--set', 'sequence'], /^NL_SPEC --set sequence: expected path=value/],
      [['run', home.spec, '--set', 'flow.dense=[1'], /^NL_SPEC --set flow.dense=\[1: the value is not YAML/],
      [['run', home.spec, '--set', 'sequense.length=9'], /^NL_SPEC .*unknown key 'sequense', did you mean 'sequence'\?/],
      [['models', 'promote', 'flow', 'x'], /^NL_OPTION invalid version: .*whole number/],
      [['lab', 'record', 'day9'], /^NL_OPTION invalid day: expected day1 or day2, got day9/],
    ];
    const told = await each(uses, ([args]) => home.netloop(...args));
    for (const [i, [args, message]] of uses.entries()) {
      expect(told[i]!.stderr, args.join(' ')).toMatch(message);
      expect({ args, code: told[i]!.code, stdout: told[i]!.stdout }).toEqual({ args, code: 2, stdout: '' });
    }
  });

  test('what cannot be done ends with 1 and a code', async () => {
    const uses: [string[], RegExp][] = [
      [['flows', 'gone.pcap'], /^NL_FILE_MISSING gone\.pcap does not exist/],
      [['detect', 'gone.pcap'], /^NL_FILE_MISSING gone\.pcap/],
      [['detect', home.data, '--model', 'flow@champion'], /^NL_MODEL_UNKNOWN no version flow@champion/],
      [['detect', home.data, '--model', 'flow@best'], /^NL_MODEL_UNKNOWN no alias 'best'/],
      [['detect', home.data, '--model', 'forest'], /^NL_MODEL_UNKNOWN no model 'forest'/],
      [['sequences', home.data, '--user', 'who'], /^NL_NO_USER .*no column who; there are ts, uid/],
      [['sequences', home.data, '--user', 'uid'], /^NL_NO_SEQUENCES .*1000 users, 1000 with fewer than 5 flows/],
      [['run', 'gone.yaml'], /^NL_FILE_MISSING .*gone\.yaml/],
      [['models', 'show', 'flow'], /^NL_MODEL_UNKNOWN /],
      [['models', 'list', 'forest'], /^NL_MODEL_UNKNOWN no model 'forest'/],
      [['models', 'rollback', 'flow'], /^NL_MODEL_UNKNOWN /],
      [['datasets', 'import', 'mnist', home.data], /^NL_DATASET no data set is called mnist; there are lab, nsl-kdd/],
      [['datasets', 'import', 'nsl-kdd', home.data], /^NL_DATASET .*is a Zeek conn\.log; nsl-kdd is KDDTrain/],
      [['rerun', 'abc'], /^NL_RUN_UNKNOWN no run abc/],
      [['compare', 'abc', 'def'], /^NL_RUN_UNKNOWN no run abc/],
      [['sweep', 'gone.yaml'], /^NL_FILE_MISSING /],
      [['notebook', 'run', 'gone.ipynb'], /^NL_FILE_MISSING /],
      [['notebook', 'parameters', home.data], /^NL_FILE_FORMAT /],
    ];
    const told = await each(uses, ([args]) => home.netloop(...args));
    for (const [i, [args, message]] of uses.entries()) {
      expect(told[i]!.stderr, args.join(' ')).toMatch(message);
      expect({ args, code: told[i]!.code, stdout: told[i]!.stdout }).toEqual({ args, code: 1, stdout: '' });
    }
  });

  test('--json is JSON and nothing else', async () => {
    const whole: [string[], object][] = [
      [['models', 'list'], []],
      [['datasets', 'list'], expect.arrayContaining([expect.objectContaining({ name: 'nsl-kdd', terms: expect.any(String) })])],
      [['datasets', 'verify'], []],
      [['doctor'], { ok: true, findings: expect.any(Array), checks: [] }],
    ];
    const told = await each(whole, ([args]) => home.netloop(...args, '--json'));
    for (const [i, [args, shape]] of whole.entries()) {
      expect({ args, code: told[i]!.code, said: JSON.parse(told[i]!.stdout) as unknown }).toEqual({ args, code: 0, said: shape });
    }
    const { stdout } = await home.netloop('sequences', home.data, '--json');
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { label: number | null; ts: number; steps: { ts: number }[] });
    expect(lines.length).toBeGreaterThan(50);
    for (const { steps, ts } of lines) {
      expect(steps).toHaveLength(10);
      expect(ts).toBe(steps[0]!.ts); // seconds in both
      expect(ts).toBeLessThan(2e9);
    }
    expect(new Set(lines.map(({ label }) => label))).toEqual(new Set([0, 1]));
  });
});

test('a reader that goes away is no failure', () => {
  for (const command of ['flows', 'sequences --json']) {
    const script = `"$1" "$2" ${command} "$3" "$3" "$3" | head -1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script, 'head', process.execPath, program, home.data], {
      encoding: 'utf8',
      env: home.env,
    });
    expect(stderr).toBe('');
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('0');
  }
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends a command that waits for packets with NL_CANCELLED, after what came before',
  async (signal) => {
    const child = spawn(process.execPath, [program, 'flows', '-'], { env: home.env, stdio: ['pipe', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    child.stdin.write(Buffer.concat([Buffer.from([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]), Buffer.alloc(12), Buffer.from([1, 0, 0, 0])]));
    setTimeout(() => child.kill(signal), 3000); // it is up by then, and would wait for ever
    expect(await ended).toBe(1);
    expect(stderr).toMatch(/^NL_CANCELLED /);
  },
);
