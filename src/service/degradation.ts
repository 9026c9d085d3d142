import type { ModelName } from '../registry.js';

/** What may be wrong with a live model. */
export type DegradationKind = 'score-shift' | 'agreement' | 'precision' | 'alert-rate' | 'probation' | 'rolled-back' | 'model-damaged';

/** One thing that was, or is, worse than its limit. */
export interface Degradation {
  readonly kind: DegradationKind;
  /** Null where no single model is meant. */
  readonly learner: ModelName | null;
  /** Version that it speaks of; null without one. */
  readonly version: number | null;
  readonly value: number | null;
  readonly bound: string;
  /** For people. Holds no address. */
  readonly message: string;
  /** ISO: when it was first seen, and when it was over; null while it lasts. */
  readonly since: string;
  readonly until: string | null;
}

export type Finding = Omit<Degradation, 'since' | 'until'>;

/** Remembers what is wrong: one entry a kind and learner while it lasts, and the newest that are over. */
export interface Degradations {
  /** Notes what was found, or that nothing was. */
  set(kind: DegradationKind, learner: ModelName | null, finding: Finding | null): void;
  /** Notes something that is over as soon as it is told. */
  mention(finding: Finding): void;
  /** Those that last first, then the newest that are over. */
  list(): readonly Degradation[];
}

/** Holds `most` that are over. `onChange` hears of each that begins, is mentioned, or ends. */
export function createDegradations({
  now,
  onChange,
  most = 50,
}: {
  readonly now: () => number;
  readonly onChange: (degradation: Degradation) => void;
  readonly most?: number;
}): Degradations {
  const lasting = new Map<string, Degradation>();
  let over: Degradation[] = [];
  const iso = (): string => new Date(now()).toISOString();
  const end = (degradation: Degradation): void => {
    over = [degradation, ...over].slice(0, most);
    onChange(degradation);
  };
  return {
    set(kind, learner, finding) {
      const key = `${kind} ${learner}`;
      const before = lasting.get(key);
      if (finding) {
        const next = { ...finding, since: before?.since ?? iso(), until: null };
        lasting.set(key, next);
        if (!before) onChange(next);
      } else if (before) {
        lasting.delete(key);
        end({ ...before, until: iso() });
      }
    },
    mention: (finding) => end({ ...finding, since: iso(), until: iso() }),
    list: () => [...lasting.values(), ...over],
  };
}
