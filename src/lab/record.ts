import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NetloopError, number } from '../errors.js';
import { finishRecording, type LabReport } from './finish.js';
import { compiled, type Line, runInOwnWorld } from './own-world.js';
import { demandLab } from './requirements.js';
import { type Day, nominalSeconds, planDay, type Service } from './schedule.js';

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
  const program = compiled('lab/inside.js');
  try {
    mkdirSync(out, { recursive: true });
  } catch (cause) {
    throw new NetloopError('NL_STORE_WRITE', `${out} cannot be made`, { cause, where: { file: out } });
  }
  const dir = mkdtempSync(join(tmpdir(), 'netloop-lab-'));
  try {
    onProgress?.({ stage: 'preparing', done: 0, total: seconds });
    let done = 0;
    const onLine = ({ step, seconds: now, kind, host }: Line): void => {
      if (typeof now === 'number') done = now;
      if (step === 'progress' || step === 'recording') onProgress?.({ stage: 'recording', done, total: seconds });
      if (step === 'attack') onProgress?.({ stage: 'recording', done, total: seconds, attack: `${kind} by ${host}` });
    };
    const last = await runInOwnWorld({ program, dir, plan, signal, onLine });
    const dropped = Object.values((last.dropped ?? {}) as Readonly<Record<string, number>>).reduce((sum, n) => sum + n, 0);
    onProgress?.({ stage: 'finishing', done: seconds, total: seconds });
    return await finishRecording(dir, out, dropped, Math.round(shiftSeconds * 1e6));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
