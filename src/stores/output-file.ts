import { realpathSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { NetloopError } from '../errors.js';

/** A place to write to that has its name only once it is whole: until then it is `<name>.partial`. */
export interface OutputFile {
  /** Where the bytes lie meanwhile. */
  readonly path: string;
  put(chunk: string | Uint8Array): Promise<void>;
  /** Ends it. `whole` gives it its name; else `keep` leaves what there is under `path`, or nothing stays. */
  end(state: { readonly whole: boolean; readonly keep: boolean }): Promise<void>;
}

/** Coded, whatever the disk said. */
export function unwritable(file: string, cause: unknown): NetloopError {
  if (cause instanceof NetloopError) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  const said = code ?? message.split('\n')[0]!;
  return new NetloopError('NL_STORE_WRITE', `cannot write ${file} (${said}): free space, check the rights of its folder, or name another`, {
    cause,
    where: { file },
  });
}

/** What is there already: a link is followed, a device or pipe takes bytes but no new name. */
function standing(out: string): { readonly path: string; readonly renames: boolean } {
  try {
    return { path: realpathSync(out), renames: statSync(out).isFile() };
  } catch {
    return { path: out, renames: true };
  }
}

/**
 * Opens a file to be written whole or not at all; what stands under the name stays until then.
 * @throws NL_STORE_WRITE here and in every method
 */
export async function openOutput(out: string): Promise<OutputFile> {
  const { path: target, renames } = standing(out);
  const path = renames ? `${target}.partial` : target;
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw unwritable(out, cause);
    }
  };
  const file = await attempt(() => open(path, 'w'));
  return {
    path,
    put: (chunk) => attempt(() => file.appendFile(chunk)),
    async end({ whole, keep }) {
      try {
        if (whole && renames) await attempt(() => file.sync());
      } finally {
        await file.close();
      }
      if (!renames) return;
      if (whole) await attempt(() => rename(path, target));
      else if (!keep) await rm(path, { force: true });
    },
  };
}
