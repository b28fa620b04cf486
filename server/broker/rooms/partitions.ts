import type { FetchSessions } from '../../fetching/fetch-sessions.js';
import type { Logger } from '../../logging/log.js';
import type { Controller } from '../../metadata/controller.js';
import { brokerLayers, topicSettings } from '../../metadata/effective-settings.js';
import { Partitions } from '../../partition/partitions.js';
import type { DelayedOperations } from '../../request/delayed.js';
import type { WaitKey } from '../../request/waiting.js';
import type { Ground, Logs } from '../ground.js';
import { room } from '../room.js';
import type { OpenMetadata } from './metadata.js';

interface Parts extends Ground {
  readonly engine: Logs;
  readonly metadata: OpenMetadata;
  readonly controller: Controller;
  readonly delayed: DelayedOperations<WaitKey>;
  readonly fetchSessions: FetchSessions;
}

/** The partitions of this node. Started, all are open or offline. */
export const partitionsRoom = room('partitions', (parts: Parts) => {
  const { engine, settings, brokerStatic, logger, slices, observer } = parts;
  const { controller, delayed, fetchSessions } = parts;
  const { replica, deleted } = parts.metadata;
  const { nodeId } = settings;
  const partitions = new Partitions({
    engine,
    metadata: replica,
    nodeId,
    logger,
    slices,
    producerExpirationMs: settings.producerIdExpirationMs,
    settingsOf: (topic) => topicSettings(topic, brokerLayers(replica.image, nodeId, brokerStatic)),
    delayed,
    onMove: (partition) => {
      fetchSessions.moved(partition);
      observer?.moved();
    },
    onDeleted: ({ id, name }) => {
      controller.forgetDeleted(id).catch((error: unknown) => {
        logger.warn({ topic: name, error }, 'a deleted topic is forgotten only at the next start');
      });
    },
  });
  return {
    part: partitions,
    start: async () => {
      await partitions.start(deleted);
      if (!engine.wasClean) sayRecovered(logger, engine.counters, partitions);
    },
    close: () => {
      // Requests that wait for a partition read it once more to answer.
      delayed.expireAll();
      return partitions.stop();
    },
  };
});

/** One line about what the start after an unclean stop has found. */
function sayRecovered(
  logger: Logger,
  { logsRecovered, bytesRecovered, bytesCut }: Logs['counters'],
  partitions: Partitions,
): void {
  const logs = [...partitions.open()].length;
  const cut =
    bytesCut === 0
      ? 'no tail was torn'
      : `${bytesCut} bytes of torn tails were cut off, and are kept in .cut files`;
  logger.info(
    { logs, logsRecovered, bytesRecovered, bytesCut },
    `the last stop was not clean: ${logsRecovered} of ${logs} logs held records behind their checkpoints, ${bytesRecovered} bytes of them were checked, and ${cut}`,
  );
}
