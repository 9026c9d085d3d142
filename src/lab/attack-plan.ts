import { type AttackKind, type AttackPlan, type LabPlan, planDay, type Service } from './schedule.js';

type ProofKind = Extract<AttackKind, 'ssh-guess' | 'arp-spoof' | 'syn-scan' | 'syn-flood'>;

/** The rule that must accuse each attack's host. */
export const accusedBy: Readonly<Record<ProofKind, string>> = {
  'ssh-guess': 'password-guessing',
  'arp-spoof': 'arp-spoofing',
  'syn-scan': 'port-scan',
  'syn-flood': 'flood',
};

export interface ProofAttack extends AttackPlan {
  readonly kind: ProofKind;
}
export interface ProofPlan extends LabPlan {
  readonly attacks: readonly ProofAttack[];
}

/** Seconds of benign traffic before the first attack, between two, and after the last. */
const PAUSE = 15;

/** A day's people and servers (`without` some services), and four attacks one after the other, each by another of the people. */
export function planAttack(seed: number, without: readonly Service[] = []): ProofPlan {
  const attack = (id: number, kind: ProofKind, host: string, target: string, over: Partial<ProofAttack> = {}): ProofAttack => ({
    id,
    kind,
    host,
    target,
    at: PAUSE * (id + 1),
    seconds: 12,
    port: 0,
    count: 0,
    every: 0,
    ...over,
  });
  const attacks = [
    attack(0, 'ssh-guess', 'hal', 'files', { port: 22, count: 48 }),
    attack(1, 'arp-spoof', 'gus', 'eli'),
    attack(2, 'syn-scan', 'ben', 'mail', { count: 150 }),
    attack(3, 'syn-flood', 'dia', 'web', { port: 80, count: 900, every: 200 }), // the server that everybody uses meanwhile
  ];
  return { ...planDay('day1', PAUSE * (attacks.length + 2), seed, without), attacks };
}
