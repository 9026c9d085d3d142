import { join } from 'node:path';
import { type Feedback, userKey } from '../feedback.js';
import { type Erased, forget, type Places } from '../forget.js';
import { keyedId, type Mask } from '../privacy.js';
import { appendDurably } from '../stores/durable-file.js';

/** What an erasure did. */
export interface Receipt {
  readonly receipt: string;
  /** ISO 8601. */
  readonly at: string;
  /** Keyed id of the user: the receipt tells of nobody. */
  readonly user: Feedback['user'];
  readonly privacy: Mask['mode'];
  /** Rows erased, by store. */
  readonly erased: Readonly<Record<string, number>>;
  readonly remains: readonly string[];
}

export type Erase = (user: string) => Promise<Receipt>;

const flat = ({ ledger, reservoir, golden, windows, feedback, alerts }: Erased): Record<string, number> => ({
  alerts,
  feedback,
  ledger,
  kept_flows: windows.rows,
  reservoir: reservoir.flow + reservoir.behaviour,
  golden: golden.flow + golden.behaviour,
});

/**
 * Erases a user, an address or a name, wherever a row of one is kept: alerts with their archives, labels, rows to learn again, kept windows.
 * The log of erasures (`erasures.jsonl`) gets the receipt.
 */
export function createErase({
  places,
  mask,
  state,
  now,
}: {
  readonly places: Places;
  readonly mask: Mask;
  readonly state: string;
  readonly now: () => number;
}): Erase {
  return async (user) => {
    const { key } = places;
    const at = new Date(now()).toISOString();
    const erased = flat(await forget({ user }, places));
    // What was masked before it was kept has another name; a switch that was turned later leaves rows of both.
    const masked = mask.user(user);
    if (masked !== user) {
      for (const [place, rows] of Object.entries(flat(await forget({ user: masked }, places)))) erased[place] = (erased[place] ?? 0) + rows;
    }
    const id = userKey(key, user);
    const receipt: Receipt = {
      receipt: keyedId(key, `erasure ${id} ${at}`),
      at,
      user: id,
      privacy: mask.mode,
      erased,
      remains: [
        'weights of models that learnt from rows of the user: they hold no row; train anew (start: scratch) to be rid of the influence',
        ...(mask.mode === 'truncate' ? ['in truncated stores a user is a network: the rows of its neighbours went as well'] : []),
      ],
    };
    appendDurably(join(state, 'erasures.jsonl'), `${JSON.stringify(receipt)}\n`);
    return receipt;
  };
}
