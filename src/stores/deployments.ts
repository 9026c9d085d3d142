import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { NetloopError } from '../errors.js';

/** A site that sends its alerts here, and the versions of our models that it runs. */
export interface Deployment {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** When it last sent something, milliseconds since the epoch; null before. */
  readonly seen: number | null;
  /** Our version of each model that it says it runs; null: one of its own, or none. */
  readonly versions: Readonly<Record<string, number | null>>;
}

/** Who may send, by key; only hashes of keys are kept. */
export interface Deployments {
  /** Adds one, or gives one that is there a new key hash: the old key is worth nothing from then on. */
  add(name: string, keyHash: string, at: number): Promise<void>;
  /** Null for one that is not there. */
  hashOf(name: string): Promise<string | null>;
  seen(name: string, at: number, versions: Deployment['versions']): Promise<void>;
  /** By name. */
  list(): Promise<readonly Deployment[]>;
  remove(name: string): Promise<boolean>;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** @throws NL_OPTION */
export function checkDeploymentName(name: string): string {
  if (NAME.test(name)) return name;
  throw new NetloopError('NL_OPTION', `invalid deployment: expected up to 63 of a-z, 0-9 and -, got ${JSON.stringify(name)}`);
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** A new key: the deployment's name, a point, 256 random bits. Shown once; only its hash is kept. */
export function newDeploymentKey(name: string): { readonly key: string; readonly hash: string } {
  const key = `${checkDeploymentName(name)}.${randomBytes(32).toString('base64url')}`;
  return { key, hash: sha256(key).toString('hex') };
}

/** The deployment that a key belongs to; null when it belongs to none. The comparison takes as long for wrong keys as for right ones. */
export async function deploymentOf(deployments: Pick<Deployments, 'hashOf'>, key: string): Promise<string | null> {
  const name = key.split('.')[0] ?? '';
  if (!NAME.test(name)) return null;
  const held = await deployments.hashOf(name);
  const expected = held === null ? sha256('nobody') : Buffer.from(held, 'hex');
  const same = timingSafeEqual(sha256(key), expected);
  return same && held !== null ? name : null;
}

/** Deployments that are forgotten when the process ends: for tests and for trying things. */
export function createMemoryDeployments(): Deployments {
  const held = new Map<string, Deployment & { readonly hash: string }>();
  return {
    add: async (name, hash, created) => {
      const old = held.get(name);
      held.set(name, old ? { ...old, hash } : { name, hash, created, seen: null, versions: {} });
    },
    hashOf: async (name) => held.get(name)?.hash ?? null,
    seen: async (name, seen, versions) => {
      const old = held.get(name);
      if (old) held.set(name, { ...old, seen, versions: { ...versions } });
    },
    list: async () =>
      [...held.values()].map(({ hash: _, ...deployment }) => structuredClone(deployment)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    remove: async (name) => held.delete(name),
  };
}
