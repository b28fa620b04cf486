import { type EngineError, openEngine, reasonOf } from '../../../engine/index.js';
import type { Logger } from '../../logging/log.js';
import type { MachineGround } from '../ground.js';
import { room } from '../room.js';

/**
 * The data directory. Once its disk fails it is offline until a restart, and the broker stays up:
 * metadata is answered, partitions answer KAFKA_STORAGE_ERROR.
 */
export const engineRoom = room('engine', async (ground: MachineGround) => {
  const { givenEngine } = ground;
  if (givenEngine !== null) {
    const forget = givenEngine.onOffline((failure) => sayOffline(ground.logger, failure));
    const release = givenEngine.serve();
    return {
      part: givenEngine,
      close: () => {
        release();
        forget();
      },
    };
  }
  const { dataDir, compaction } = ground.settings;
  const { clock, random, disk, jobs, locker, logger, openCatalog, slices, onProgress } = ground;
  const world = { clock, random, disk, jobs, locker, logger, openCatalog, slices, onProgress };
  const engine = await openEngine(dataDir, { ...world, compaction, gatherWrites: 'turn' });
  engine.onOffline((failure) => sayOffline(ground.logger, failure));
  return { part: engine, close: () => engine.close() };
});

function sayOffline(logger: Logger, { path, cause }: EngineError): void {
  const reason = reasonOf(cause);
  logger.error(
    { directory: path, reason },
    'the disk failed: the broker stays up, but its partitions answer KAFKA_STORAGE_ERROR; repair the disk and restart',
  );
}
