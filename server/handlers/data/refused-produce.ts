import type { TopicImage } from '../../metadata/image.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import { BATCH_HEADER_BYTES, type Partitions } from '../../partition/partitions.js';
import type { RequestOf } from '../../protocol/api.js';
import { type ErrorCode, errorInfo } from '../../protocol/error-codes.js';
import type { Produce } from '../../protocol/messages/produce.js';
import type { RequestContext } from '../../request/context.js';
import type { LongCalls, OrderedCall } from './long-calls.js';

interface Parts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'refused'>;
}

type Topic = RequestOf<typeof Produce>['topics'][number];

/**
 * Tells the log of a batch that was refused in front of it, if `error` is one after which clients
 * send it again: batches that they have sent behind it must not take its place.
 */
export function noteRefused(
  partitions: Parts['partitions'],
  topic: TopicImage | undefined,
  index: number,
  records: Buffer | null,
  error: ErrorCode,
): void {
  const { retriable } = errorInfo(error);
  if (retriable && topic !== undefined && records !== null)
    partitions.refused(topic, index, records);
}

/**
 * The same for a request of which nothing came to the handler. It is noted in the order of its
 * connection's requests: batches that came before it and have no place yet are not behind it.
 */
export function noteRefusedRequest(
  parts: Parts,
  long: LongCalls,
  context: RequestContext,
  { topics }: RequestOf<typeof Produce>,
  error: ErrorCode,
): void {
  if (!errorInfo(error).retriable) return;
  // The request is answered meanwhile, and its memory is used again.
  const noted = long.areUnderWay ? topics.map(withHeadersOnly) : topics;
  long.inOrder(context.connection, new RefusedCall(parts, context, noted, error), false);
}

class RefusedCall implements OrderedCall {
  readonly #parts: Parts;
  readonly #context: RequestContext;
  readonly #topics: readonly Topic[];
  readonly #error: ErrorCode;

  constructor(parts: Parts, context: RequestContext, topics: readonly Topic[], error: ErrorCode) {
    this.#parts = parts;
    this.#context = context;
    this.#topics = topics;
    this.#error = error;
  }

  run(): void {
    for (const topic of this.#topics) this.#note(topic);
  }

  async runInSlices(): Promise<void> {
    const { work } = this.#context;
    for (const topic of this.#topics) {
      this.#note(topic);
      const pause = work.did(topic.partitions.length);
      if (pause !== null) await pause;
    }
  }

  #note({ name, partitions }: Topic): void {
    const topic = this.#parts.metadata.image.topic(name);
    for (const { index, records } of partitions)
      noteRefused(this.#parts.partitions, topic, index, records, this.#error);
  }
}

function withHeadersOnly({ name, partitions }: Topic): Topic {
  return {
    name,
    partitions: partitions.map(({ index, records }) => ({
      index,
      records: records === null ? null : Buffer.from(records.subarray(0, BATCH_HEADER_BYTES)),
    })),
  };
}
