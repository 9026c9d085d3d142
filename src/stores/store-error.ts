import { dirname } from 'node:path';
import { isNetloopError, NetloopError } from '../errors.js';

const BUSY = /^SQLITE_(BUSY|LOCKED)/;
const DAMAGED = /^SQLITE_(NOTADB|CORRUPT)/;
const UNWRITABLE = /^(SQLITE_(FULL|READONLY|IOERR|CANTOPEN|PERM)|EROFS|ENOSPC|EACCES|EPERM|EDQUOT|ENOTDIR|EEXIST|EFBIG|EIO)/;

/** Turns what SQLite or the file system said into a coded error: busy, damaged, or not writable. Anything else is given back as it is. */
export function storeError(file: string, error: unknown): unknown {
  if (isNetloopError(error)) return error;
  const { code = '', message = String(error), syscall } = error as { code?: string; message?: string; syscall?: string };
  const coded = (as: 'NL_BUSY' | 'NL_STORE_WRITE' | 'NL_STORE_LAYOUT', text: string) =>
    new NetloopError(as, text, { cause: error, where: { file } });

  if (BUSY.test(code)) return coded('NL_BUSY', `${file}: another process holds the store; try again`);
  if (DAMAGED.test(code)) {
    return coded('NL_STORE_LAYOUT', `${file}: not a readable SQLite store (${message}); move it away and start again, or restore a copy`);
  }
  // Node reports ENOENT when it cannot make nested folders on a read-only disk; libsql gives no code when it cannot open a file.
  if (UNWRITABLE.test(code) || (code === 'ENOENT' && syscall === 'mkdir') || /ConnectionFailed/.test(message)) {
    const advice = `free space, check the rights of ${dirname(file)}, or set NETLOOP_HOME to a writable folder`;
    return coded('NL_STORE_WRITE', `cannot write ${file} (${code || message}): ${advice}`);
  }
  if (!code.startsWith('SQLITE_')) return error;
  return coded('NL_STORE_LAYOUT', `${file}: unexpected answer from the store (${message}); it may be of another layout`);
}
