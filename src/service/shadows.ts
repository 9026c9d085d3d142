import { setImmediate as turn } from 'node:timers/promises';
import { NetloopError } from '../errors.js';
import type { ExperimentPorts } from '../experiment.js';
import { type ModelName, type Registry, versionUnknown } from '../registry.js';
import { createShadow, type Shadow, type ShadowReport, shadowText } from '../shadow.js';
import { keepShadow } from '../stores/evidence.js';
import type { Tracking } from '../tracking.js';
import type { ServiceConfig } from './config.js';
import type { Loop } from './loop.js';

/** Challengers that answer live traffic in the shadow of the champions, one a learner. */
export interface Shadows {
  /** The same ports, and what passes through them is answered. */
  watch<Ports extends ExperimentPorts>(ports: Ports): Ports;
  /** The same loop, whose promotions say what the shadow said. */
  witness(loop: Loop): Loop;
  /** Puts a version in the shadow, in the place of the one that was there. @throws NL_MODEL_UNKNOWN, NL_OPTION for the champion, NL_MODEL_SCHEMA */
  start(name: ModelName, version: number): Promise<ShadowReport>;
  /** The newest version but the live one, if there is any and nothing is in the shadow yet: the live one has been found to do worse. */
  startNewest(name: ModelName): Promise<void>;
  report(name: ModelName): ShadowReport | null;
  /** Ends it and gives its last report; null where nothing was in the shadow. */
  stop(name: ModelName): ShadowReport | null;
  /** Drops what names a flow, whoever's it was: somebody is to be erased. */
  forget(): void;
  close(): void;
}

export interface ShadowsOptions {
  readonly registry: Registry;
  readonly tracking: Pick<Tracking, 'artifact'>;
  readonly config: () => Pick<ServiceConfig, 'detector' | 'sequence'>;
  readonly onError?: (error: unknown) => void;
}

/** Alerts that a report lists. */
const LISTED = 100;

export function createShadows({ registry, tracking, config, onError = () => {} }: ShadowsOptions): Shadows {
  const shadows = new Map<ModelName, Shadow>();
  let working = false;

  /** Flows are answered a few at a time, and whoever else has something to do goes first. */
  async function work(): Promise<void> {
    if (working) return;
    working = true;
    try {
      for (let more = true; more; ) {
        await turn();
        more = false;
        for (const shadow of shadows.values()) more = shadow.work(8) || more;
      }
    } catch (error) {
      for (const name of [...shadows.keys()]) stop(name); // a challenger that breaks harms nobody but itself
      onError(error);
    } finally {
      working = false;
    }
  }

  function stop(name: ModelName): ShadowReport | null {
    const shadow = shadows.get(name);
    if (!shadow) return null;
    shadows.delete(name);
    const report = shadow.report();
    shadow.dispose();
    return report;
  }

  async function start(name: ModelName, version: number): Promise<ShadowReport> {
    const challenger = (await registry.list(name)).find((found) => found.version === version);
    if (!challenger) throw versionUnknown(name, version);
    const champion = (await registry.current(name))?.version ?? null;
    if (champion === version) {
      throw new NetloopError('NL_OPTION', `invalid version: ${name}@${version} is live, and nothing stands in its own shadow`, {
        where: { model: name, version },
      });
    }
    const { detector, sequence } = config();
    const shadow = createShadow({ challenger, champion, by: sequence.by, alertAbove: detector.alertAbove, most: LISTED });
    stop(name);
    shadows.set(name, shadow);
    return shadow.report();
  }

  return {
    watch: (ports) => ({
      ...ports,
      onScore(scored) {
        ports.onScore?.(scored);
        const shadow = shadows.get(scored.name);
        if (shadow?.challenger === scored.version)
          stop(scored.name); // it went live by another door
        else shadow?.scored(scored);
      },
      onStep(step) {
        ports.onStep?.(step);
        if (shadows.size === 0) return;
        for (const shadow of shadows.values()) shadow.step(step);
        void work();
      },
    }),
    witness: (loop) => ({
      ...loop,
      async promote(name, version, why, force) {
        const shadow = shadows.get(name);
        if (shadow?.challenger !== version) return loop.promote(name, version, why, force);
        const report = shadow.report(); // taken before: with its first answer the challenger is no challenger any more
        const promotion = await loop.promote(name, version, `${why}; ${shadowText(report)}`, force);
        if (shadows.get(name) === shadow) stop(name);
        const made = (await registry.list(name)).find((found) => found.version === version);
        if (made) await keepShadow(tracking, made, report).catch(onError);
        return promotion;
      },
    }),
    start,
    async startNewest(name) {
      const live = (await registry.current(name))?.version ?? null;
      const newest = (await registry.list(name)).filter(({ version }) => version !== live).at(-1);
      if (newest && live !== null && !shadows.has(name)) await start(name, newest.version);
    },
    report: (name) => shadows.get(name)?.report() ?? null,
    stop,
    forget() {
      for (const shadow of shadows.values()) shadow.forget();
    },
    close() {
      for (const name of [...shadows.keys()]) stop(name);
    },
  };
}
