import { NetloopError } from '../errors.js';
import type { DamageLog } from './batch.js';
import { type LinkState, linkState } from './interfaces.js';
import type { CaptureCounts } from './live-messages.js';

export interface WatchOptions {
  /** Seconds without a packet that are told of. */
  readonly silence?: number;
  readonly onNotice?: (notice: string) => void;
}

/** Looks at an interface now and then: whether it is there, up, silent, and whether frames were dropped. */
export function watchWire(
  name: string,
  counts: () => CaptureCounts,
  { silence = 60, onNotice = () => {} }: WatchOptions,
  log: DamageLog,
  onGone: (error: NetloopError) => void,
): { readonly look: () => void; readonly heard: () => void } {
  let state: LinkState = 'unknown';
  let before = counts();
  let heardAt = performance.now();
  let silent = false;
  return {
    heard() {
      heardAt = performance.now();
      silent = false;
    },
    look() {
      const now = linkState(name);
      const moment = new Date().toISOString();
      if (now !== state && (now === 'down' || (now === 'gone' && state !== 'gone'))) log.note('interface down', `${name}, ${moment}`);
      if (now === 'down' && state !== 'down') onNotice(`${name} is down`);
      if (now === 'up' && state === 'down') onNotice(`${name} is up again`);
      if (now === 'gone' && state !== 'gone') {
        onGone(
          new NetloopError('NL_FILE_MISSING', `the interface ${name} is gone; what came before has been delivered`, {
            where: { interface: name },
          }),
        );
      }
      state = now;
      const after = counts();
      for (const by of ['kernel', 'device', 'reader'] as const) {
        if (after[by] > before[by]) onNotice(`${name}: ${after[by] - before[by]} frames dropped by ${by === 'device' ? by : `the ${by}`}`);
      }
      before = after;
      if (!silent && performance.now() - heardAt > silence * 1000) {
        silent = true;
        log.note('silence', `${name}, ${moment}, after ${silence} s without a packet`);
        onNotice(`${name} has been silent for ${silence} s`);
      }
    },
  };
}
