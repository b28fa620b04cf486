import { ApiError } from '../api-error.js';
import type { RequestContext } from '../context.js';
import type { TopicImage } from '../metadata/image.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import { isInternalTopic } from '../metadata/topic-name.js';
import type { DelayedOperations } from '../net/delayed.js';
import { CloseConnection } from '../net/dispatcher.js';
import type { Acks, Partition } from '../partition/partition.js';
import type { Partitions } from '../partition/partitions.js';
import { type WaitKey, waitFor } from '../partition/waiting.js';
import type { RequestOf, ResponseOf } from '../protocol/api-keys.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { isTransactional, isZstd } from './batch-attributes.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';

export interface ProduceParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
  readonly delayed: DelayedOperations<WaitKey>;
}

type TopicAnswer = ResponseOf<'Produce'>['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];
interface TopicAppends {
  readonly name: string;
  readonly appends: readonly (PartitionAnswer | Promise<PartitionAnswer>)[];
}
type PartitionBatch = RequestOf<'Produce'>['topics'][number]['partitions'][number];

/**
 * Produce. Every batch gets its place in its log before this returns, so that what a client pipelines keeps its order; the answer
 * waits for the logs' promises. acks=0 has no answer, and an error then ends the connection, which is how the client learns of it.
 */
export function produceHandler(parts: ProduceParts): Handler<'Produce'> {
  return (context, request) => {
    const refusal = refusalOf(request);
    const topics = request.topics.map(({ name, partitions }): TopicAppends => {
      const topic = parts.metadata.image.topic(name);
      const appends = partitions.map((batch) =>
        refusal === null
          ? appendOne(parts, context, request, name, topic, batch)
          : failed(batch.index, refusal),
      );
      return { name, appends };
    });
    return answerAll(request.acks, topics);
  };
}

/** Waits for one after the other, since none of them rejects. */
async function answerAll(
  acks: number,
  topics: readonly TopicAppends[],
): Promise<ResponseOf<'Produce'> | null> {
  const answers: TopicAnswer[] = [];
  for (const { name, appends } of topics) {
    const partitions: PartitionAnswer[] = [];
    for (const append of appends) partitions.push(await append);
    answers.push({ name, partitions });
  }
  if (acks !== 0) return { topics: answers };
  for (const { partitions } of answers) {
    for (const { errorCode, errorMessage } of partitions) {
      if (errorCode !== ErrorCode.NONE) {
        throw new CloseConnection(`a produce with acks=0 failed: ${errorMessage}`);
      }
    }
  }
  return null;
}

/** Appends within the call; what follows the first await is the waiting. */
async function appendOne(
  parts: ProduceParts,
  context: RequestContext,
  request: RequestOf<'Produce'>,
  topicName: string,
  topic: TopicImage | undefined,
  { index, records }: PartitionBatch,
): Promise<PartitionAnswer> {
  try {
    if (topic === undefined) throw unknownTopic(topicName);
    if (topic.internal) throw reserved(topicName);
    const batch = checkBatch(records, context.apiVersion);
    const partition = parts.partitions.find(topic, index);
    const acks = request.acks as Acks;
    const appended = await partition.append(batch, acks);
    if (acks === -1)
      await committed(parts, context, request.timeoutMs, partition, appended.lastOffset);
    return {
      index,
      errorCode: ErrorCode.NONE,
      baseOffset: appended.baseOffset,
      logAppendTimeMs: appended.appendTimeMs,
      logStartOffset: appended.logStartOffset,
    };
  } catch (error) {
    return failed(index, error);
  }
}

/** Waits until every in-sync replica has the record, which the high watermark tells. */
async function committed(
  { delayed }: ProduceParts,
  context: RequestContext,
  timeoutMs: number,
  partition: Partition,
  lastOffset: number,
): Promise<void> {
  const isDone = (): boolean => {
    if (partition.highWatermark > lastOffset) return true;
    partition.checkLeader(-1);
    return false;
  };
  if (isDone()) return;
  const deadlineMs = context.deadlineMs(timeoutMs);
  const { connection } = context;
  if (await waitFor({ delayed, keys: [partition], deadlineMs, connection, isDone })) return;
  throw new ApiError('REQUEST_TIMED_OUT', 'not all in-sync replicas have the records yet');
}

/** What is wrong with the request as a whole, so that nothing of it is appended. */
function refusalOf({ acks, transactionalId }: RequestOf<'Produce'>): ApiError | null {
  if (acks !== -1 && acks !== 0 && acks !== 1) {
    return new ApiError('INVALID_REQUIRED_ACKS', `acks is ${acks}, not -1, 0 or 1`);
  }
  if (transactionalId !== null) {
    // Final for Java, librdkafka and kafkajs alike; see init-producer-id.ts.
    return new ApiError(
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'this broker does not support transactions',
    );
  }
  return null;
}

/** The checks that depend on the request; the log makes those that depend on the batch alone. */
function checkBatch(records: Buffer | null, apiVersion: number): Buffer {
  if (records === null || records.length === 0) {
    throw new ApiError('INVALID_RECORD', 'there is no record batch for the partition');
  }
  if (apiVersion < 7 && isZstd(records)) {
    throw new ApiError('UNSUPPORTED_COMPRESSION_TYPE', 'zstd needs Produce version 7 (KIP-110)');
  }
  if (isTransactional(records)) {
    throw new ApiError('INVALID_TXN_STATE', 'this broker does not support transactions');
  }
  return records;
}

function unknownTopic(name: string): ApiError {
  return isInternalTopic(name)
    ? reserved(name)
    : new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
}

function reserved(name: string): ApiError {
  return new ApiError('INVALID_TOPIC_EXCEPTION', `topic ${name} is written by the broker only`);
}

function failed(index: number, error: unknown): PartitionAnswer {
  const { code, message } = wireError(error);
  return { index, errorCode: code, baseOffset: -1, errorMessage: message };
}
