import { type Appended, AssertionError } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { TopicImage } from '../../metadata/image.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import { isInternalTopic } from '../../metadata/topic-name.js';
import { CloseConnection, type ConnectionInfo } from '../../net/dispatcher.js';
import type { Acks, AppendCaller } from '../../partition/leader.js';
import type { Partitions } from '../../partition/partitions.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { Produce } from '../../protocol/messages/produce.js';
import type { RequestContext } from '../../request/context.js';
import { wireError } from '../../request/error-map.js';
import { handler, type OpenedHandler } from '../handler.js';
import { isTransactional, isZstd } from './batch-attributes.js';
import { LongCalls, type OrderedCall } from './long-calls.js';
import { noteRefused, noteRefusedRequest } from './refused-produce.js';

export interface ProduceParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find' | 'logOf' | 'refused'>;
}

type Request = RequestOf<typeof Produce>;
type Answer = ResponseOf<typeof Produce> | null;
type TopicAnswer = ResponseOf<typeof Produce>['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];
type TopicWish = Request['topics'][number];
type PartitionBatch = TopicWish['partitions'][number];

/**
 * Produce. Every batch gets its place in its log before this returns, so that pipelined requests
 * keep their order; the answer waits for the logs' promises. acks=0 has no answer; an error then
 * ends the connection, so that the client learns of it.
 */
export const produce = handler(
  Produce,
  {
    asks: [
      { operation: 'write', resource: 'topic' },
      { operation: 'write', resource: 'transactionalId' },
    ],
    order: 'pipelined',
    isDoneWithFrame: true,
    closesOnDefect: true,
    answersInKind: true,
  },
  openProduce,
);

function openProduce(parts: ProduceParts): OpenedHandler<typeof Produce> {
  const long = new LongCalls();
  return {
    handle: (context, request) =>
      new Promise((resolve, reject) => {
        const call = new ProduceCall(parts, context, request, { resolve, reject });
        const { isLong } = call;
        if (!isLong && !long.areUnderWay) call.run();
        else long.inOrder(context.connection, call, isLong);
      }),
    noteRefused: (context, request, error) =>
      noteRefusedRequest(parts, long, context, request, error),
  };
}

/** The caller that waits for the whole answer. */
interface Caller {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * One request: its partitions are answered in any order, each in its place of the answer, and the
 * last one hands the answer over.
 */
class ProduceCall implements OrderedCall {
  readonly #parts: ProduceParts;
  readonly #context: RequestContext;
  readonly #request: Request;
  readonly #caller: Caller;
  readonly #topics: TopicAnswer[] = [];
  /** Partitions without an answer, and one for the appends that are still being made. */
  #missing = 1;
  /** An unexpected error, which has no code. */
  #unexpected: unknown = null;

  constructor(parts: ProduceParts, context: RequestContext, request: Request, caller: Caller) {
    this.#parts = parts;
    this.#context = context;
    this.#request = request;
    this.#caller = caller;
  }

  /** Whether its appends are too many, or too slow, for one turn. */
  get isLong(): boolean {
    const { produceBatchesAtOnceMax, produceFirstBatchesAtOnceMax } = SERVER_LIMITS;
    const { topics } = this.#request;
    if (topics.length > produceBatchesAtOnceMax) return true;
    let count = 0;
    for (const { partitions } of topics) count += partitions.length;
    if (count <= produceFirstBatchesAtOnceMax) return false;
    return count > produceBatchesAtOnceMax || this.#firstBatches() > produceFirstBatchesAtOnceMax;
  }

  #firstBatches(): number {
    let count = 0;
    for (const { name, partitions } of this.#request.topics) {
      const topic = this.#parts.metadata.image.topic(name);
      for (const batch of partitions) if (this.#isFirst(topic, batch)) count++;
    }
    return count;
  }

  /** Whether a batch is the first of its log, as far as that is open. */
  #isFirst(topic: TopicImage | undefined, { index }: PartitionBatch): boolean {
    return topic !== undefined && this.#parts.partitions.logOf(topic, index)?.logEndOffset === 0;
  }

  run(): void {
    const refusal = refusalOf(this.#request);
    for (const wished of this.#request.topics) {
      const topic = this.#parts.metadata.image.topic(wished.name);
      const answers = this.#answersOf(wished);
      for (let at = 0; at < answers.length; at++) {
        this.#take(wished, topic, answers, at, refusal);
      }
    }
    this.answered();
  }

  /** As `run`, with pauses. Never rejects: the caller that waits for the answer gets the error. */
  async runInSlices(): Promise<void> {
    const { metadata } = this.#parts;
    const { work } = this.#context;
    const refusal = refusalOf(this.#request);
    for (const wished of this.#request.topics) {
      const answers = this.#answersOf(wished);
      const beside = work.did(1);
      if (beside !== null) await beside;
      for (let at = 0; at < answers.length; at++) {
        const topic = metadata.image.topic(wished.name);
        const isFirst = this.#isFirst(topic, wished.partitions[at]!);
        this.#take(wished, topic, answers, at, refusal);
        const { produceFirstBatchElements, produceBatchElements } = SERVER_LIMITS;
        const pause = work.did(isFirst ? produceFirstBatchElements : produceBatchElements);
        if (pause !== null) await pause;
      }
    }
    this.answered();
  }

  #answersOf({ name, partitions }: TopicWish): PartitionAnswer[] {
    const answers = new Array<PartitionAnswer>(partitions.length);
    this.#topics.push({ name, partitions: answers });
    this.#missing += partitions.length;
    return answers;
  }

  /** Appends one batch, or refuses it; its answer is put in its place. */
  #take(
    { name, partitions }: TopicWish,
    topic: TopicImage | undefined,
    answers: PartitionAnswer[],
    at: number,
    refusal: ApiError | null,
  ): void {
    const batch = partitions[at]!;
    const caller = new BatchCall(this, answers, at, batch.index);
    if (refusal === null) this.#append(name, topic, batch, caller);
    else caller.failed(refusal);
  }

  /** The batch has its place in its log when this returns, or is refused. */
  #append(
    topicName: string,
    topic: TopicImage | undefined,
    { index, records }: PartitionBatch,
    caller: BatchCall,
  ): void {
    try {
      if (topic === undefined) throw unknownTopic(topicName);
      if (topic.internal) throw reserved(topicName);
      const batch = checkBatch(records, this.#context.apiVersion);
      const leader = this.#parts.partitions.find(topic, index).leading();
      leader.appendFor(caller, batch, this.#request.acks as Acks);
    } catch (error) {
      if (error instanceof ApiError)
        noteRefused(this.#parts.partitions, topic, index, records, ErrorCode[error.code]);
      caller.failed(error);
    }
  }

  /** The time until which appends wait for the in-sync replicas. */
  get deadlineMs(): number {
    return this.#context.deadlineMs(this.#request.timeoutMs);
  }

  get connection(): ConnectionInfo {
    return this.#context.connection;
  }

  /**
   * Notes a partition without an answer: an unexpected error fails the whole request once no append
   * of it is under way, since its bytes are needed until then.
   */
  failedWith(unexpected: unknown): void {
    // A broken invariant ends the process: no other error may hide it.
    if (this.#unexpected === null || unexpected instanceof AssertionError) {
      this.#unexpected = unexpected;
    }
    this.answered();
  }

  /** Counts one more partition that has its answer. */
  answered(): void {
    this.#missing--;
    if (this.#missing > 0) return;
    if (this.#unexpected !== null) this.#caller.reject(this.#unexpected);
    else if (this.#request.acks !== 0) this.#caller.resolve({ topics: this.#topics });
    else this.#endUnanswered();
  }

  #endUnanswered(): void {
    for (const { partitions } of this.#topics) {
      for (const { errorCode, errorMessage } of partitions) {
        if (errorCode === ErrorCode.NONE) continue;
        this.#caller.reject(new CloseConnection(`a produce with acks=0 failed: ${errorMessage}`));
        return;
      }
    }
    this.#caller.resolve(null);
  }
}

/** One batch of a request, which puts its answer in its place. */
class BatchCall implements AppendCaller {
  readonly #call: ProduceCall;
  readonly #answers: PartitionAnswer[];
  readonly #at: number;
  readonly #index: number;

  constructor(call: ProduceCall, answers: PartitionAnswer[], at: number, index: number) {
    this.#call = call;
    this.#answers = answers;
    this.#at = at;
    this.#index = index;
  }

  get deadlineMs(): number {
    return this.#call.deadlineMs;
  }

  get connection(): ConnectionInfo {
    return this.#call.connection;
  }

  appended({ baseOffset, appendTimeMs, logStartOffset }: Appended): void {
    this.#answers[this.#at] = {
      index: this.#index,
      errorCode: ErrorCode.NONE,
      baseOffset,
      logAppendTimeMs: appendTimeMs,
      logStartOffset,
    };
    this.#call.answered();
  }

  failed(error: unknown): void {
    try {
      const { code, message, records = [] } = wireError(error);
      const recordErrors = records.map((record) => ({
        batchIndex: record.index,
        batchIndexErrorMessage: record.message,
      }));
      this.#answers[this.#at] = {
        index: this.#index,
        errorCode: code,
        baseOffset: -1,
        errorMessage: message,
        recordErrors,
      };
    } catch (unexpected) {
      this.#call.failedWith(unexpected);
      return;
    }
    this.#call.answered();
  }
}

/** The error of the request as a whole: then nothing of it is appended. */
function refusalOf({ acks, transactionalId }: RequestOf<typeof Produce>): ApiError | null {
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
