import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Command } from 'commander';
import { labRequirements } from '../lab/requirements.js';
import { prepareHome } from '../stores/home.js';
import { createFileRegistry } from '../stores/registry-files.js';
import { installedJupyter } from './jupyter.js';
import { openHome } from './ports.js';
import { type SelfCheck, selfTest } from './self-test.js';

interface Finding {
  readonly name: string;
  /** 'missing' is no failure: something optional is not there, and `fix` says what to type. */
  readonly state: 'ok' | 'missing' | 'failed';
  readonly detail: string;
  readonly fix?: string;
}

const attempt = (name: string, work: () => string, fix?: string, optional = true): Finding => {
  try {
    return { name, state: 'ok', detail: work() };
  } catch (error) {
    return { name, state: optional ? 'missing' : 'failed', detail: (error as Error).message.split('\n')[0]!, fix };
  }
};
const versionOf = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    .trim()
    .split('\n')[0]!;

async function examine(): Promise<readonly Finding[]> {
  const require = createRequire(import.meta.url);
  const home = openHome();
  const findings = [
    attempt('node', () => process.version, undefined, false),
    attempt('home', () => prepareHome(home).dir, 'set NETLOOP_HOME to a writable folder', false),
    attempt(
      'live capture',
      () => (require('pcap') ? 'pcap addon' : ''),
      'apt-get install libpcap-dev g++ && npm rebuild pcap; replay works without',
    ),
    attempt('tcpdump', () => versionOf('tcpdump', '--version'), 'apt-get install tcpdump (fallback for live capture)'),
    attempt(
      'python',
      () => versionOf('python3', '--version'),
      'apt-get install python3 python3-venv (JupyterLab and the MLflow page; all else works without)',
    ),
    attempt('jupyterlab', installedJupyter, 'netloop notebook installs it into .netloop/ and opens the notebooks (a minute or so, once)'),
    attempt('git', () => versionOf('git', '--version'), 'apt-get install git (runs then record the commit)'),
  ];
  const { missing } = await labRequirements();
  findings.push(
    missing.length === 0
      ? { name: 'lab', state: 'ok', detail: 'can record' }
      : { name: 'lab', state: 'missing', detail: missing.join(', '), fix: 'only needed for netloop lab record' },
  );
  const registry = createFileRegistry({
    dir: home.models,
    onWarning: (w) => findings.push({ name: 'models', state: 'failed', detail: w.message, fix: 'netloop models rollback' }),
  });
  for (const name of ['behaviour', 'flow'] as const) {
    const champion = await registry.current(name).catch((error: Error) => error);
    findings.push(
      champion instanceof Error
        ? { name: `champion ${name}`, state: 'failed', detail: champion.message, fix: `netloop models rollback ${name}` }
        : champion
          ? { name: `champion ${name}`, state: 'ok', detail: `version ${champion.version}, ${champion.note}` }
          : { name: `champion ${name}`, state: 'missing', detail: 'none yet', fix: 'npm start' },
    );
  }
  return findings;
}

const mark = { ok: 'ok     ', missing: 'missing', failed: 'FAILED ' } as const;

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what is installed, what is missing, what to type')
    .option('--self-test', 'also try detector, learner, statistics, store, readiness, auto-labels, backup and background thread')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExamples:\n  netloop doctor\n  netloop doctor --self-test')
    .action(async (options: { selfTest?: boolean; json?: boolean }) => {
      const findings = await examine();
      const checks: readonly SelfCheck[] = options.selfTest ? await selfTest() : [];
      const failed = findings.some((f) => f.state === 'failed') || checks.some((c) => !c.ok);
      if (options.json) process.stdout.write(`${JSON.stringify({ ok: !failed, findings, checks })}\n`);
      else {
        for (const f of findings)
          process.stdout.write(`${mark[f.state]} ${f.name}: ${f.detail}${f.state === 'ok' || !f.fix ? '' : `\n        -> ${f.fix}`}\n`);
        if (checks.length > 0) process.stdout.write('\nself-test\n');
        for (const c of checks) process.stdout.write(`${c.ok ? mark.ok : mark.failed} ${c.name}: ${c.detail}\n`);
      }
      if (failed) process.exitCode = 1;
    });
}
