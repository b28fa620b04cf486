import type { LogFile } from '../../disk/log-file.js';
import type { SyncRounds } from './sync-rounds.js';

/**
 * Makes the files durable, in this order, and then the names in these folders, by a round that also
 * serves every log that asks meanwhile. Rejects STORAGE_OFFLINE.
 */
export async function makeDurable(
  syncRounds: SyncRounds,
  files: readonly LogFile[],
  folders: readonly string[],
): Promise<void> {
  if (files.length + folders.length === 0) return;
  await syncRounds.flush([
    {
      captureSync: () => {
        const writes = files.map((file) => file.writeCount);
        return {
          files,
          folders,
          done: () => {
            for (const [at, file] of files.entries()) file.markClean(writes[at]!);
          },
        };
      },
    },
  ]);
}
