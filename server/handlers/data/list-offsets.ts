import type { Work } from '../../../engine/index.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import type { Partition } from '../../partition/partition.js';
import type { Partitions } from '../../partition/partitions.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { ListOffsets } from '../../protocol/messages/list-offsets.js';
import { wireError } from '../../request/error-map.js';
import { forEachInSlices, mapInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface ListOffsetsParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
}

type PartitionAnswer = ResponseOf<typeof ListOffsets>['topics'][number]['partitions'][number];
type PartitionWish = RequestOf<typeof ListOffsets>['topics'][number]['partitions'][number];
type Found = Pick<PartitionAnswer, 'offset' | 'timestamp' | 'leaderEpoch'>;

const LATEST = -1;
const EARLIEST = -2;
/** Versions that know each of the negative timestamps, from this one on. */
const SPECIAL_SINCE: ReadonlyMap<number, number> = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [-3, 7], // KIP-734: largest timestamp
  [-4, 8], // KIP-405: start of the local log, here the log start
  [-5, 9], // KIP-1005: end of tiered storage, of which there is none
  [-6, 11], // KIP-1023: what tiered storage lacks yet
]);
const NOTHING_FOUND: Found = { offset: -1, timestamp: -1, leaderEpoch: -1 };

/**
 * ListOffsets: offsets by timestamp or by name of a place. Where nothing is found, the offset is -1
 * without an error. One lookup runs at a time, since each may hold an unpacked batch in memory. A
 * partition that is named twice is refused, as by Kafka.
 */
export const listOffsets = handler(
  ListOffsets,
  { asks: [{ operation: 'describe', resource: 'topic' }], readsOnly: true },
  listOffsetsHandler,
);

function listOffsetsHandler(parts: ListOffsetsParts): Handler<typeof ListOffsets> {
  return async ({ apiVersion, work }, request) => {
    const committedOnly = request.isolationLevel === 1;
    const repeated = await repeatedPartitions(work, request);
    const answerTo = async (name: string, wish: PartitionWish): Promise<PartitionAnswer> => {
      const { partitionIndex } = wish;
      try {
        if (repeated.get(name)?.has(partitionIndex)) {
          throw new ApiError('INVALID_REQUEST', 'Each partition must appear at most once.');
        }
        const topic = parts.metadata.image.topic(name);
        if (topic === undefined) {
          throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
        }
        const partition = parts.partitions.find(topic, partitionIndex);
        const found = await lookUp(partition, wish, apiVersion, committedOnly);
        return { partitionIndex, errorCode: ErrorCode.NONE, ...found };
      } catch (error) {
        return { partitionIndex, errorCode: wireError(error).code };
      }
    };
    const topics = await mapInSlices(work, request.topics, async ({ name, partitions }) => ({
      name,
      partitions: await mapInSlices(work, partitions, (wish) => answerTo(name, wish)),
    }));
    return { topics };
  };
}

/** The partitions that are named more than once, by topic. */
async function repeatedPartitions(
  work: Work,
  { topics }: RequestOf<typeof ListOffsets>,
): Promise<Map<string, Set<number>>> {
  const named = new Map<string, Set<number>>();
  const repeated = new Map<string, Set<number>>();
  await forEachInSlices(work, topics, async ({ name, partitions }) => {
    const once = named.get(name) ?? new Set();
    const twice = repeated.get(name) ?? new Set();
    named.set(name, once);
    await forEachInSlices(work, partitions, ({ partitionIndex }) => {
      if (once.has(partitionIndex)) twice.add(partitionIndex);
      else once.add(partitionIndex);
    });
    if (twice.size > 0) repeated.set(name, twice);
  });
  return repeated;
}

async function lookUp(
  partition: Partition,
  { timestamp, currentLeaderEpoch }: PartitionWish,
  version: number,
  committedOnly: boolean,
): Promise<Found> {
  partition.checkLeader(currentLeaderEpoch);
  if (timestamp < 0) {
    const since = SPECIAL_SINCE.get(Number(timestamp));
    if (since === undefined || version < since) {
      throw new ApiError(
        'UNSUPPORTED_VERSION',
        `timestamp ${timestamp} has no meaning in version ${version}`,
      );
    }
  }
  const endOffset = committedOnly ? partition.lastStableOffset : partition.highWatermark;
  const { leaderEpoch } = partition.leadership;
  switch (timestamp) {
    case LATEST:
      return { offset: endOffset, timestamp: -1, leaderEpoch };
    case EARLIEST:
    case -4: {
      const offset = partition.logStartOffset;
      return { offset, timestamp: -1, leaderEpoch: partition.epochAt(offset) };
    }
    case -5:
    case -6:
      return NOTHING_FOUND;
    default: {
      const found =
        timestamp === -3
          ? await partition.offsetOfLargestTimestamp(currentLeaderEpoch)
          : await partition.offsetForTimestamp(timestamp, currentLeaderEpoch);
      // A reader of committed records does not find records that an open transaction holds back.
      if (found === null || found.offset >= endOffset) return NOTHING_FOUND;
      return { offset: found.offset, timestamp: found.timestampMs, leaderEpoch: found.leaderEpoch };
    }
  }
}
