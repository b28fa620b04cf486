import {
  type Appended,
  buildBatchSync,
  type Clock,
  storedBatches,
  type TurnSlices,
} from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { Controller } from '../metadata/controller.js';
import { COORDINATOR_TOPICS, coordinatorPartition } from '../metadata/coordinator-for.js';
import type { TopicImage } from '../metadata/image.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import { OverdueAppend } from '../partition/leader.js';
import type { Partitions } from '../partition/partitions.js';
import { ApiError } from '../protocol/api-error.js';
import {
  decodeRecord,
  encodeRecord,
  encodeRecordInSlices,
  type GroupRecord,
  type RecordBytes,
} from './records.js';

/** The internal topic that holds groups and their offsets. */
export const OFFSETS_TOPIC = COORDINATOR_TOPICS.group;

export interface OffsetsTopicOptions {
  readonly metadata: MetadataView;
  readonly controller: Pick<Controller, 'createTopics'>;
  readonly partitions: Pick<Partitions, 'find' | 'ensure'>;
  readonly nodeId: number;
  /** Of the topic when it is created; an existing one keeps its number. */
  readonly partitionCount: number;
  readonly segmentBytes: number;
  /** How long a write waits for the in-sync replicas: `offsets.commit.timeout.ms`. */
  readonly writeTimeoutMs: number;
  readonly clock: Clock;
  readonly slices: TurnSlices;
}

/**
 * `__consumer_offsets` as the coordinator uses it: created on first need, written in order for each
 * group, read whole at the start.
 */
export class OffsetsTopic {
  readonly #options: OffsetsTopicOptions;
  /** The last write of each group of which more may come. */
  readonly #last = new Map<string, Promise<unknown>>();
  /** The last write of each group whose caller waits for an answer. */
  readonly #answering = new Map<string, Promise<unknown>>();
  /** The last write of each group that has no place in its log yet. */
  readonly #placing = new Map<string, Promise<unknown>>();
  /** Groups with a write that has timed out, of which it is not known whether it will count. */
  readonly #overdue = new Set<string>();
  #creating: Promise<TopicImage> | null = null;
  #readyId: string | null = null;

  constructor(options: OffsetsTopicOptions) {
    this.#options = options;
  }

  /** The topic as it is; undefined before it was created. */
  get image(): TopicImage | undefined {
    return this.#options.metadata.image.topic(OFFSETS_TOPIC);
  }

  /**
   * Creates the topic if there is none. Resolves when it can be written to. Rejects with ApiError.
   */
  ensure(): Promise<TopicImage> {
    const { image } = this;
    if (image !== undefined && image.id === this.#readyId) return Promise.resolve(image);
    this.#creating ??= this.#create().finally(() => {
      this.#creating = null;
    });
    return this.#creating;
  }

  async #create(): Promise<TopicImage> {
    const { controller, partitions, nodeId, partitionCount, segmentBytes } = this.#options;
    let topic = this.image;
    if (topic === undefined) {
      const [outcome] = await controller.createTopics([
        {
          name: OFFSETS_TOPIC,
          replicas: Array.from({ length: partitionCount }, () => [nodeId]),
          overrides: { 'cleanup.policy': 'compact', 'segment.bytes': String(segmentBytes) },
        },
      ]);
      // Another broker may have been faster.
      topic = (outcome?.ok ? outcome.value : null) ?? this.image;
      if (topic === undefined) {
        throw new ApiError('COORDINATOR_NOT_AVAILABLE', `${OFFSETS_TOPIC} cannot be created`);
      }
    }
    await partitions.ensure(topic);
    this.#readyId = topic.id;
    return topic;
  }

  /**
   * Appends records of a group, in the order of the calls; creates the topic if need be. When all
   * in-sync replicas have them, `onWritten` is called, in the order of the writes of the group, and
   * when it has ended the promise resolves. Rejects with what `records`, the partition or the
   * topic's creation rejects with.
   *
   * REQUEST_TIMED_OUT says that they may still count: `onWritten` is called if they do, in its
   * turn, and until that is known other writes of the group are refused likewise. `onOver` is
   * called when nothing more comes of the write.
   */
  write(
    group: string,
    records: readonly GroupRecord[] | Promise<readonly GroupRecord[]>,
    timestampMs: number,
    onWritten: () => unknown,
    onOver: () => void = () => {},
  ): Promise<unknown> {
    const place = async () => this.#place(group, await records, timestampMs);
    const placed = (this.#placing.get(group) ?? Promise.resolve()).then(place);
    void this.#follow(this.#placing, group, placed);
    const appended = placed.then((appends) => Promise.all(appends));
    const outcome = appended.catch(async (error: unknown) => {
      if (!(error instanceof OverdueAppend)) throw error;
      this.#overdue.add(group);
      return Promise.all((await placed).map(outcomeOf));
    });
    // It is awaited only when its turn has come, and may fail before.
    outcome.catch(() => {});
    const before = this.#last.get(group) ?? Promise.resolve();
    const written = before
      .then(() => outcome)
      .then(onWritten)
      .finally(onOver);
    void this.#follow(this.#last, group, written).then(() => {
      if (!this.#last.has(group)) this.#overdue.delete(group);
    });
    const answer = appended.then(() => written);
    const answered = this.#answering.get(group);
    void this.#follow(
      this.#answering,
      group,
      answer.catch(() => {}).then(() => answered),
    );
    return answer;
  }

  /** What comes next of the group waits for `promise`, however it ends. Resolves then. */
  #follow<T>(
    line: Map<string, Promise<unknown>>,
    group: string,
    promise: Promise<T>,
  ): Promise<unknown> {
    const settled: Promise<unknown> = promise
      .catch(() => {})
      .then(() => {
        if (line.get(group) === settled) line.delete(group);
      });
    line.set(group, settled);
    return settled;
  }

  /** Resolves when every write of the group so far was answered, one way or another. */
  async settled(group: string): Promise<void> {
    await this.#answering.get(group);
  }

  /** The partition that holds the group; the topic is there. */
  partitionOf(group: string): number {
    return coordinatorPartition(group, this.image?.partitions.length ?? 1);
  }

  /**
   * Appends records of groups of one partition, few of them, which have their places when this
   * returns. Resolves when all in-sync replicas have them, however long that takes. Throws, or
   * rejects, with what the partition does.
   */
  append(index: number, records: readonly GroupRecord[], timestamp: number): Promise<unknown> {
    const { image } = this;
    if (image === undefined) return Promise.resolve();
    const partition = this.#options.partitions.find(image, index);
    const batches = inBatches(records.map(encodeRecord));
    return Promise.all(batches.map((batch) => partition.append(builtOf(batch, timestamp), -1)));
  }

  /**
   * Gives the batches their place. Resolves then, with what will resolve when all in-sync replicas
   * have them.
   */
  async #place(
    group: string,
    records: readonly GroupRecord[],
    timestamp: number,
  ): Promise<readonly Promise<Appended>[]> {
    if (this.#overdue.has(group)) {
      throw new ApiError('REQUEST_TIMED_OUT', 'an earlier write of the group waits for replicas');
    }
    if (records.length === 0) return [];
    const topic = await this.ensure();
    const { slices, partitions, clock, writeTimeoutMs } = this.#options;
    const work = slices.begin();
    const encoded: RecordBytes[] = [];
    for (const record of records) {
      const isLarge = record.kind === 'group' && record.value !== null;
      encoded.push(isLarge ? await encodeRecordInSlices(record, work) : encodeRecord(record));
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    const partition = partitions.find(topic, coordinatorPartition(group, topic.partitions.length));
    const appended: Promise<Appended>[] = [];
    for (const batch of inBatches(encoded)) {
      const built = builtOf(batch, timestamp);
      const deadlineMs = clock.monotonicMs() + writeTimeoutMs;
      const append = partition.append(built, -1, { deadlineMs, connection: null });
      // It is awaited with the others, and may fail before.
      append.catch(() => {});
      appended.push(append);
      const pause = work.did(built.length, 'bytes');
      if (pause !== null) await pause;
    }
    return appended;
  }

  /**
   * Hands over every record of a partition in its order. Rejects with what the log does, or
   * ProtocolError for a record in no known form.
   */
  async load(index: number, onRecord: (record: GroupRecord) => void): Promise<void> {
    const { partitions, slices } = this.#options;
    const topic = this.image;
    if (topic === undefined) return;
    const { log } = partitions.find(topic, index);
    const endOffset = log.logEndOffset;
    const work = slices.begin();
    for (let offset = log.logStartOffset; offset < endOffset; ) {
      const { slice } = log.read({
        offset,
        maxBytes: SERVER_LIMITS.groupLoadBytes,
        minOneBatch: true,
        isolation: 'log-end',
      });
      if (slice === null) return;
      try {
        for await (const batch of storedBatches(await slice.bytes(), offset, slices, log)) {
          for (const { key, value } of batch.records) {
            const record = key === null ? null : decodeRecord(key, value);
            if (record !== null) onRecord(record);
            const pause = work.did(1);
            if (pause !== null) await pause;
          }
          offset = batch.nextOffset;
        }
      } finally {
        slice.release();
      }
    }
  }
}

/** Settles as an append does in the end, beyond its deadline. */
async function outcomeOf(append: Promise<Appended>): Promise<Appended> {
  try {
    return await append;
  } catch (error) {
    if (error instanceof OverdueAppend) return error.whenKnown();
    throw error;
  }
}

function builtOf(batch: readonly RecordBytes[], timestamp: number): Buffer {
  return buildBatchSync(batch.map((record) => ({ ...record, timestamp })));
}

function inBatches(records: readonly RecordBytes[]): RecordBytes[][] {
  const batches: RecordBytes[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = record.key.length + (record.value?.length ?? 0) + 32;
    if (bytes + size > SERVER_LIMITS.groupBatchBytesMax) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)!.push(record);
    bytes += size;
  }
  return batches;
}
