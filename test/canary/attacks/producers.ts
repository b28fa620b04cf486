import { buildBatchSync } from '../../../engine/batch/builder.js';
import { LIMITS } from '../../../engine/limits.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { requestOf } from '../../server/bad-input/wire-client.js';
import { manyHeaders } from '../../support/forged-batches.js';
import { type Attack, numbers, request, type World } from '../attack.js';

/** Producer ids of one partition that no default refuses. */
export const PRODUCERS = 100_000;
export const WRITTEN = 'written';
/** Its records are looked at as they come. */
export const COMPACTED = 'compacted';
export const PLAIN = 'plain';

/** Requests that are sent before the answer of the first is read. */
const IN_FLIGHT = 1_000;

function batchFrom(producerId: number): Buffer {
  const records = [{ key: 'k', value: 'v', timestamp: Date.now() }];
  return buildBatchSync(records, { producerId, producerEpoch: 0, baseSequence: 0 });
}

const produceOf = (topic: string, records: Buffer) => ({
  acks: 1,
  timeoutMs: 60_000,
  topics: [{ name: topic, partitions: [{ index: 0, records }] }],
});

function expectError(errorCode: number, expected: number): void {
  if (errorCode !== expected) throw new Error(`answered with error ${errorCode}`);
}

/** Has every producer id write to the partition once. */
async function writeOnce({ attacker }: World): Promise<void> {
  for (let from = 0; from < PRODUCERS; from += IN_FLIGHT) {
    const frames = numbers(IN_FLIGHT).map((n) =>
      requestOf('Produce', 9, produceOf(WRITTEN, batchFrom(from + n))),
    );
    await attacker.write(Buffer.concat(frames));
    for (let n = 0; n < IN_FLIGHT; n++) {
      const { topics } = await attacker.next('Produce', 9);
      expectError(topics[0]!.partitions[0]!.errorCode, ErrorCode.NONE);
    }
  }
}

/** As many headers as fit what an unpacked batch may hold. */
const HEADERS = 30_000_000;

export const PRODUCER_ATTACKS: readonly Attack[] = [
  {
    api: 'InitProducerId',
    what: `InitProducerId 4 of ${IN_FLIGHT} producers at once`,
    elementsMin: 0,
    run: async ({ attacker }) => {
      const body = { transactionalId: null, transactionTimeoutMs: 1_000 };
      await attacker.write(
        Buffer.concat(numbers(IN_FLIGHT).map(() => requestOf('InitProducerId', 4, body))),
      );
      for (let n = 0; n < IN_FLIGHT; n++) await attacker.next('InitProducerId', 4);
    },
  },
  {
    api: 'Produce',
    what: `Produce 9 of ${PRODUCERS} producers, one batch each, and their checkpoint`,
    elementsMin: PRODUCERS,
    run: async (world) => {
      await writeOnce(world);
      await new Promise((resolve) => setTimeout(resolve, LIMITS.checkpointIntervalMs + 500));
    },
  },
  request('DescribeProducers', 0, `a partition with ${PRODUCERS} producers`, PRODUCERS, () => ({
    topics: [{ name: WRITTEN, partitionIndexes: [0] }],
  })),
  {
    api: 'Produce',
    what: `Produce 9 of a record with ${HEADERS} headers to a compacted topic, which refuses it`,
    elementsMin: 0,
    run: async ({ attacker }) => {
      const records = await manyHeaders(HEADERS);
      const { topics } = await attacker.call('Produce', 9, produceOf(COMPACTED, records));
      expectError(topics[0]!.partitions[0]!.errorCode, ErrorCode.INVALID_RECORD);
    },
  },
  {
    api: 'Produce',
    what: `Produce 9 of a record with ${HEADERS} headers to a plain topic`,
    elementsMin: 0,
    run: async ({ attacker }) => {
      const records = await manyHeaders(HEADERS);
      const { topics } = await attacker.call('Produce', 9, produceOf(PLAIN, records));
      expectError(topics[0]!.partitions[0]!.errorCode, ErrorCode.NONE);
    },
  },
  request('ListOffsets', 5, 'a time, for which that record is unpacked', 0, () => ({
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: PLAIN, partitions: [{ partitionIndex: 0, timestamp: 5 }] }],
  })),
  request('DeleteTopics', 5, 'the topic that all producers wrote to', 0, () => ({
    topicNames: [WRITTEN, COMPACTED, PLAIN],
    timeoutMs: 60_000,
  })),
];
