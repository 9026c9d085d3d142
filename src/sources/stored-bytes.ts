import { open, stat } from 'node:fs/promises';
import { NetloopError } from '../errors.js';

/** Small enough that one piece of the most compressible input (1,032:1) swells to 66 MB at worst. */
const PIECE = 64 * 1024;
/** Pieces as they are stored, in order; null at the end. */
export interface StoredBytes {
  /** For messages. */
  readonly name: string;
  /** Bytes in all; null for a pipe. */
  readonly total: number | null;
  /** Into `room`, if there is one: then the piece lies in it. */
  next(room?: Uint8Array): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/** Not by the name /dev/stdin: where another program holds the other end that is a socket, which cannot be opened. */
function openStdin(): StoredBytes {
  const { stdin } = process;
  const pieces = stdin.iterator();
  return {
    name: 'standard input',
    total: null,
    async next() {
      const { value, done } = await pieces.next();
      return done ? null : new Uint8Array(value as Buffer);
    },
    close: async () => void stdin.destroy(),
  };
}

/** A file or, for '-', standard input. @throws NL_FILE_MISSING, NL_FILE_FORMAT for a folder */
export async function openStored(path: string): Promise<StoredBytes> {
  if (path === '-') return openStdin();
  try {
    const status = await stat(path);
    if (status.isDirectory()) throw new NetloopError('NL_FILE_FORMAT', `${path} is a folder; name a file in it`, { where: { file: path } });
    const file = await open(path, 'r');
    return {
      name: path,
      total: status.isFile() ? status.size : null,
      async next(room = Buffer.allocUnsafeSlow(PIECE)) {
        const { bytesRead, buffer } = await file.read(room, 0, room.length, null);
        return bytesRead === 0 ? null : buffer.subarray(0, bytesRead);
      },
      close: () => file.close(),
    };
  } catch (cause) {
    if (cause instanceof NetloopError) throw cause;
    const why = (cause as NodeJS.ErrnoException).code;
    const what =
      why === 'ENOENT' ? 'does not exist: check its path' : why === 'EACCES' ? 'may not be read by this user' : `cannot be read (${why})`;
    throw new NetloopError('NL_FILE_MISSING', `${path} ${what}`, { cause, where: { file: path } });
  }
}
