import { join } from 'node:path';
import {
  inspectLog,
  nodeDisk,
  type PartitionFolder,
  parseSegmentFileName,
} from '../../engine/index.js';
import { decodeRecord } from '../groups/records.js';
import { COORDINATOR_TOPICS, coordinatorPartition } from '../metadata/coordinator-for.js';
import { CLI_LIMITS } from './limits.js';

/** Kafka's default for `offsets.topic.num.partitions`, which is tried first. */
const USUAL_PARTITIONS = 50;

/**
 * The number of partitions of `__consumer_offsets`: one by which every group in its folders is in
 * the right partition. Null where there is no such number up to 10,000, or no group at all. A group
 * under another number would be looked for in the wrong partition.
 */
export async function offsetsTopicPartitions(
  folders: readonly PartitionFolder[],
): Promise<number | null> {
  const groups = new Map<string, number>();
  for (const { folder, topic, partition } of folders) {
    if (topic !== COORDINATOR_TOPICS.group) continue;
    for (const group of await groupsIn(folder)) groups.set(group, partition);
  }
  return fittingCount(groups);
}

/**
 * A number of partitions that fits, as `offsetsTopicPartitions` says: Kafka's default, or the
 * smallest one. `groups`: the partition of each group.
 */
export function fittingCount(groups: ReadonlyMap<string, number>): number | null {
  if (groups.size === 0) return null;
  const fits = (count: number): boolean =>
    [...groups].every(([group, partition]) => coordinatorPartition(group, count) === partition);
  if (fits(USUAL_PARTITIONS)) return USUAL_PARTITIONS;
  for (let count = 1; count <= CLI_LIMITS.offsetsPartitionsTriedMax; count++)
    if (fits(count)) return count;
  return null;
}

async function groupsIn(folder: string): Promise<Set<string>> {
  const groups = new Set<string>();
  for (const name of await nodeDisk.readdir(folder)) {
    const parsed = parseSegmentFileName(name);
    if (parsed?.kind !== 'log' || parsed.state !== null) continue;
    const file = await nodeDisk.open(join(folder, name), 'read');
    try {
      for await (const found of inspectLog(file)) {
        if (found.kind === 'damage' || !found.crcMatches) continue;
        for (const { key, value } of await found.records()) {
          const record = key === null ? null : decodeRecord(key, value);
          if (record !== null) groups.add(record.group);
        }
      }
    } finally {
      await file.close();
    }
  }
  return groups;
}
