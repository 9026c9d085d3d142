import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** On Linux a priority belongs to a thread: this one steps behind live detection. Elsewhere it would slow the whole process, so it stays. */
export function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    if (thread !== process.pid) setPriority(thread, 10);
  } catch {
    // No /proc, or not allowed: training runs at normal priority.
  }
}
