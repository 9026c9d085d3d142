import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes a folder's entries durable (a rename is not, until its folder is synced). */
export function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes a new file and syncs its bytes. */
export function writeDurably(path: string, bytes: Uint8Array | string): void {
  const fd = openSync(path, 'wx');
  try {
    writeFileSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Replaces a file in one step: readers and a kill see the old bytes or the new ones, never a part. Under a lock. */
export function replaceDurably(path: string, bytes: Uint8Array | string): void {
  const next = `${path}.next`;
  const fd = openSync(next, 'w');
  try {
    writeFileSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(next, path);
  syncFolder(dirname(path));
}

/** Appends one line and syncs it. */
export function appendDurably(path: string, line: string): void {
  const fd = openSync(path, 'a');
  try {
    writeFileSync(fd, line);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
