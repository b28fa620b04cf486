import { api } from '../api.js';
import { int16, int32, int64, string } from '../schema.js';

/**
 * KIP-98. From 4 on the answer may be PRODUCER_FENCED, from 5 on TRANSACTION_ABORTABLE (KIP-890).
 */
export const InitProducerId = api({
  name: 'InitProducerId',
  key: 22,
  versions: [0, 5],
  flexible: 2,
  request: {
    /** Null for a producer that is idempotent only. */
    transactionalId: string({ nullable: '0+' }),
    transactionTimeoutMs: int32(),
    // The id that the producer had before, to go on with a raised epoch (KIP-360).
    producerId: int64({ versions: '3+', default: -1 }),
    producerEpoch: int16({ versions: '3+', default: -1 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    producerId: int64({ default: -1 }),
    producerEpoch: int16(),
  },
  refused: (_request, errorCode) => ({ errorCode, producerEpoch: -1 }),
});
