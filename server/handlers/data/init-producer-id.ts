import type { RateLimitedLogger } from '../../logging/rate-limit.js';
import type { ProducerIds } from '../../metadata/producer-ids.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { InitProducerId } from '../../protocol/messages/init-producer-id.js';
import { type Handler, handler } from '../handler.js';

export interface InitProducerIdParts {
  readonly producerIds: Pick<ProducerIds, 'next'>;
  readonly limitedLog: RateLimitedLogger;
}

/**
 * InitProducerId for idempotent producers: a new id at epoch 0, each time. The id that the producer
 * had before (KIP-360) matters only with a transactional id.
 *
 * There are no transactions yet, and a client that asks for them must stop, not retry.
 * TRANSACTIONAL_ID_AUTHORIZATION_FAILED is the one answer that the Java client, librdkafka and
 * kafkajs all take as fatal: librdkafka retries UNSUPPORTED_VERSION and the other final codes here
 * for ever.
 */
export const initProducerId = handler(
  InitProducerId,
  {
    asks: [
      { operation: 'write', resource: 'transactionalId' },
      {
        operation: 'idempotentWrite',
        resource: 'cluster',
        or: { operation: 'write', resource: 'topic' },
      },
    ],
  },
  initProducerIdHandler,
);

function initProducerIdHandler(parts: InitProducerIdParts): Handler<typeof InitProducerId> {
  return async ({ clientAddress: client, clientId }, { transactionalId }) => {
    if (transactionalId !== null) {
      parts.limitedLog.log(
        'warn',
        'transactions',
        { client, clientId, transactionalId },
        'a transactional producer was refused: there are no transactions yet; without transactional.id it is an idempotent one',
      );
      return { errorCode: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, producerEpoch: -1 };
    }
    return {
      errorCode: ErrorCode.NONE,
      producerId: await parts.producerIds.next(),
      producerEpoch: 0,
    };
  };
}
