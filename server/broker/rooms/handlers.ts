import type { FetchSessions } from '../../fetching/fetch-sessions.js';
import type { GroupCoordinator } from '../../groups/coordinator.js';
import { openHandlers } from '../../handlers/apis.js';
import { rateLimited } from '../../logging/rate-limit.js';
import type { Controller } from '../../metadata/controller.js';
import type { ProducerIds } from '../../metadata/producer-ids.js';
import type { Partitions } from '../../partition/partitions.js';
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
  readonly partitions: Partitions;
  readonly groups: GroupCoordinator;
  readonly producerIds: ProducerIds;
}

/** The handlers of all APIs, behind the faults that a test orders and the observer of a test. */
export const handlersRoom = room('handlers', (parts: Parts) => {
  const { engine, faults, observer } = parts;
  const metadata = parts.metadata.replica;
  const served = {
    metadata,
    controller: parts.controller,
    partitions: parts.partitions,
    producerIds: parts.producerIds,
    groups: parts.groups,
    delayed: parts.delayed,
    fetchSessions: parts.fetchSessions,
    settings: parts.settings,
    brokerStatic: parts.brokerStatic,
    partitionsPerTopicMax: parts.limits.partitionsPerTopicMax,
    space: () => engine.space(),
    leaderEpoch: engine.leaderEpoch,
    limitedLog: rateLimited(parts.logger, { clock: parts.clock }),
  };
  const handlers = openHandlers(served, parts.narrowApi);
  const nameOf = (id: string) => metadata.image.topicById(id)?.name;
  const faulty =
    faults?.around(handlers, { topicName: nameOf, delayed: parts.delayed }) ?? handlers;
  return { part: observer?.around(faulty, nameOf) ?? faulty };
});
