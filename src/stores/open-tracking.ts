import { sha256 } from '../hash.js';
import type { Home } from './home.js';
import { homeKey } from './home-key.js';
import { serverSettings } from './mlflow/settings.js';
import { createServerTracking } from './mlflow/tracking.js';
import type { RunStore } from './run-store.js';
import { createEmbeddedTracking } from './tracking-embedded.js';

/** Where this home's runs go. */
export interface TrackingPlace {
  /** Opens it. @throws NL_STORE_LAYOUT, NL_STORE_WRITE */
  open(): RunStore;
  /** Whether it is a server: then nobody should wait for it. */
  readonly server: boolean;
}

/** A name by which a server tells this home's model versions from another's. It says nothing of the key it is made from. */
export const registryId = (home: Home): string => sha256(`registry of ${homeKey(home)}`).slice(0, 16);

/**
 * The server of MLFLOW_TRACKING_URI, or else the home's embedded store: the same code writes to both.
 * @throws NL_OPTION, NL_FILE_MISSING for a variable that cannot be used
 */
export function trackingPlace(home: Home, env: Readonly<Record<string, string | undefined>> = process.env): TrackingPlace {
  const settings = serverSettings(env);
  return settings === null
    ? { open: () => createEmbeddedTracking(home.tracking), server: false }
    : { open: () => createServerTracking(settings, { registry: registryId(home) }), server: true };
}
