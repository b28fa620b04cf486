import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Lets this thread, and no other of the process, give way to every other thread that wants the
 * processor, but for a tenth of it: on Linux each thread has its own niceness. Best effort:
 * elsewhere, and where it is forbidden, the thread stays as it is. Returns whether it worked.
 */
export function lowerThreadPriority(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    // <pid>/task/<tid>
    const [, id] = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    if (id === undefined) return false;
    setPriority(Number(id), constants.priority.PRIORITY_BELOW_NORMAL);
    return true;
  } catch {
    return false;
  }
}
