import type { Partitions } from '../../partition/partitions.js';
import { Retention } from '../../partition/retention.js';
import type { Ground } from '../ground.js';
import { room } from '../room.js';

/** Retention, which lets partitions delete segments at intervals. */
export const retentionRoom = room(
  'retention',
  ({ clock, logger, settings, partitions }: Ground & { partitions: Partitions }) => {
    const retention = new Retention({
      clock,
      logger,
      intervalMs: settings.retentionCheckIntervalMs,
      partitions: () => partitions.open(),
    });
    return { part: retention, close: () => retention.stop() };
  },
);
