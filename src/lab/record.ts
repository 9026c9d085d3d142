import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { NetloopError, number } from '../errors.js';
import { finishRecording, type LabReport } from './finish.js';
import { demandLab } from './requirements.js';
import { type Day, type LabPlan, nominalSeconds, planDay, type Service } from './schedule.js';

export type { LabReport } from './finish.js';
export { demandLab, type LabRequirements, labRequirements } from './requirements.js';

export interface LabProgress {
  /** 'preparing' (world and services), 'recording', 'finishing' (truth, headers, compression). */
  readonly stage: 'preparing' | 'recording' | 'finishing';
  /** Seconds of capture so far, of `total`. */
  readonly done: number;
  readonly total: number;
  /** An attack that begins now. */
  readonly attack?: string;
}

export interface RecordOptions {
  readonly day: Day;
  /** Length of the capture; attack times are scaled to it. Default 1,450. */
  readonly seconds?: number;
  readonly seed?: number;
  /** Folder for capture.pcap.xz, truth.tsv.xz and events.tsv; made if absent. */
  readonly out: string;
  /** Services to leave out, with the habits that need them. */
  readonly without?: readonly Service[];
  /** Added to every time stamp: two days recorded side by side shall follow each other. */
  readonly shiftSeconds?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LabProgress) => void;
}

/** The compiled program that runs inside the world; tests run from src/, it lies in dist/. */
function insideProgram(): string {
  const here = fileURLToPath(new URL('./inside.js', import.meta.url));
  if (existsSync(here)) return here;
  const built = fileURLToPath(new URL('../../dist/lab/inside.js', import.meta.url));
  if (existsSync(built)) return built;
  throw new NetloopError('NL_FILE_MISSING', `${built} does not exist; run npm run build`, { where: { file: built } });
}

/**
 * Records one day of the lab: real programs in network namespaces of their own, without a route out, whose packets are kept to their
 * headers, with truth by the process that sent them. Raw packets lie in a folder of their own under the system's temporary folder
 * (readable by this user only) until their payload is cut off, and are removed even when something fails.
 * @throws NL_RIGHTS what is missing, before anything is made; NL_OPTION; NL_CANCELLED; NL_WORKER when the world fails
 * @example await recordLab({ day: 'day1', out: 'datasets/lab/day1' })
 */
export async function recordLab(options: RecordOptions): Promise<LabReport> {
  const { day, seconds = nominalSeconds, seed = 101, out, without = [], shiftSeconds = 0, signal, onProgress } = options;
  number('seconds', seconds, { min: 20, max: 86_400 });
  number('seed', seed, { min: 0, max: 0xffffffff, integer: true });
  if (day !== 'day1' && day !== 'day2') {
    throw new NetloopError('NL_OPTION', `invalid day: expected day1 or day2, got ${String(day)}`, { where: { option: 'day' } });
  }
  const plan = planDay(day, seconds, seed, without);
  demandLab(Object.keys(plan.ports).filter((name) => plan.ports[name as Service] === 0) as Service[]);
  const program = insideProgram();
  try {
    mkdirSync(out, { recursive: true });
  } catch (cause) {
    throw new NetloopError('NL_STORE_WRITE', `${out} cannot be made`, { cause, where: { file: out } });
  }
  const dir = mkdtempSync(join(tmpdir(), 'netloop-lab-'));
  try {
    const dropped = await runWorld(program, dir, plan, signal, onProgress);
    onProgress?.({ stage: 'finishing', done: seconds, total: seconds });
    return await finishRecording(dir, out, dropped, Math.round(shiftSeconds * 1e6));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Line {
  readonly step: 'recording' | 'attack' | 'progress' | 'done' | 'failed';
  readonly seconds?: number;
  readonly kind?: string;
  readonly host?: string;
  readonly message?: string;
  readonly dropped?: Readonly<Record<string, number>>;
}

/** Unshares a world, runs the plan in it and resolves with the packets dropped. Everything in it dies with it, and it with us. */
function runWorld(
  program: string,
  dir: string,
  plan: LabPlan,
  signal: AbortSignal | undefined,
  onProgress: RecordOptions['onProgress'],
): Promise<number> {
  writeFileSync(join(dir, 'plan.json'), JSON.stringify(plan));
  const own = ['unshare', '-m', '-n', '-p', '-u', '-i', '-f', '--kill-child', '--mount-proc'];
  // The shell is the world's first process: it buries orphans, which node would not.
  const first = ['sh', '-c', '"$0" "$@" & trap "kill $!" TERM; wait $!', process.execPath, program, dir];
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new NetloopError('NL_CANCELLED', 'the recording was cancelled'));
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...own, ...first], { stdio: ['ignore', 'pipe', 'pipe'] });
    let last: Line = { step: 'progress' };
    let errors = '';
    const total = plan.seconds;
    onProgress?.({ stage: 'preparing', done: 0, total });
    const abort = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', abort, { once: true });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    let done = 0;
    createInterface({ input: child.stdout }).on('line', (text) => {
      if (!text.startsWith('{')) return;
      last = JSON.parse(text) as Line;
      done = last.seconds ?? done;
      if (last.step === 'progress' || last.step === 'recording') onProgress?.({ stage: 'recording', done, total });
      if (last.step === 'attack') onProgress?.({ stage: 'recording', done, total, attack: `${last.kind} by ${last.host}` });
    });
    child.on('error', (cause) => reject(new NetloopError('NL_WORKER', 'the lab could not be started', { cause })));
    child.on('close', () => {
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted) return reject(new NetloopError('NL_CANCELLED', 'the recording was cancelled; nothing of it is left'));
      if (last.step === 'done') return resolve(Object.values(last.dropped ?? {}).reduce((sum, n) => sum + n, 0));
      const why = last.step === 'failed' ? last.message : `the world ended early; ${errors.trim().split('\n').pop() ?? ''}`;
      reject(new NetloopError('NL_WORKER', `the recording failed: ${why}`, { where: { day: plan.day } }));
    });
  });
}
