import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { number } from '../errors.js';
import { planAttack } from './attack-plan.js';
import type { AttackReport } from './attack-report.js';
import { compiled, runInOwnWorld } from './own-world.js';
import { demandLab, labRequirements } from './requirements.js';

export interface AttackLabOptions {
  /** Decides the people's choices. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** Told of each step in a few words. */
  readonly onStep?: (step: string) => void;
}

const words: Readonly<Record<string, string>> = {
  teaching: 'the service learns its first champions from the shipped day',
  preparing: 'building the world',
  attacking: 'the service watches the bridge; people go about their day',
  learning: 'a cycle learns from what was seen',
};

/**
 * Proof by attack: `netloop serve` in a world of namespaces of its own, without a route out, whose bridge it sniffs while hydra, arpspoof,
 * nmap and hping3 run between the world's hosts. It takes no target: nothing outside can be reached. Its home is empty and thrown away.
 * Programs of services that are not installed are left out.
 * @throws NL_RIGHTS what is missing, before anything is made; NL_OPTION; NL_CANCELLED; NL_WORKER when the world or the service fails
 * @example const { attacks } = await attackLab();
 */
export async function attackLab({ seed = 1, signal, onStep = () => {} }: AttackLabOptions = {}): Promise<AttackReport> {
  number('seed', seed, { min: 0, max: 0xffffffff, integer: true });
  const without = labRequirements().services;
  demandLab(without);
  const program = compiled('lab/attack-inside.js');
  const dir = mkdtempSync(join(tmpdir(), 'netloop-lab-'));
  try {
    const last = await runInOwnWorld({
      program,
      dir,
      plan: planAttack(seed, without),
      signal,
      onLine: ({ step, kind, host, rule, orig_h }) => {
        if (step in words) onStep(words[step]!);
        if (step === 'attack') onStep(`${kind} by ${host} begins`);
        if (step === 'alert') onStep(`alert: ${rule} by ${orig_h}`);
      },
    });
    return last.report as AttackReport;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
