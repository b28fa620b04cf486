import { GroupCoordinator } from '../../groups/coordinator.js';
import type { Controller } from '../../metadata/controller.js';
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
  readonly partitions: Partitions;
}

/** The coordinator of groups. Started, every group is loaded. */
export const groupsRoom = room('groups', (parts: Parts) => {
  const { engine, metadata, controller, delayed, partitions } = parts;
  const { settings, clock, random, logger, slices, limits } = parts;
  const groups = new GroupCoordinator({
    settings: settings.groups,
    metadata: metadata.replica,
    controller,
    partitions,
    nodeId: settings.nodeId,
    dataDir: engine.path,
    clock,
    random,
    logger,
    slices,
    limits,
    onCall: (client) => delayed.expire(client),
  });
  return { part: groups, start: () => groups.start(), close: () => groups.stop() };
});
