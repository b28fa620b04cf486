import { describe, expect, test } from 'vitest';
import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_LENGTH_AT,
  CONTROL_BIT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  MAGIC_AT,
  MAX_TIMESTAMP_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
  TIMESTAMP_TYPE_BIT,
  TRANSACTIONAL_BIT,
} from '../../../engine/batch/header.js';
import { stampCrc } from '../../../engine/batch/stamp.js';
import { ErrorCode, type ErrorName } from '../../../server/protocol/error-codes.js';
import {
  batchOf,
  beside,
  fetchOf,
  produceOf,
  startAttackedBroker,
  valuesIn,
} from './attacked-broker.js';

/** A batch of two records with something wrong that its checksum vouches for. */
function spoiled(spoil: (batch: Buffer) => void): Buffer {
  const batch = batchOf(['one', 'two']);
  spoil(batch);
  stampCrc(batch);
  return batch;
}

const withAttribute = (bits: number): Buffer =>
  spoiled((batch) => batch.writeUInt16BE(bits, ATTRIBUTES_AT));
const withInt64 = (at: number, value: bigint): Buffer =>
  spoiled((batch) => batch.writeBigInt64BE(value, at));
const withProducer = (id: bigint, epoch: number, sequence: number): Buffer =>
  spoiled((batch) => {
    batch.writeBigInt64BE(id, PRODUCER_ID_AT);
    batch.writeInt16BE(epoch, PRODUCER_EPOCH_AT);
    batch.writeInt32BE(sequence, BASE_SEQUENCE_AT);
  });

function wrongCrc(): Buffer {
  const batch = batchOf(['x']);
  batch[batch.length - 1]! ^= 1;
  return batch;
}

function withLength(change: number): Buffer {
  const batch = batchOf(['x']);
  batch.writeInt32BE(batch.readInt32BE(BATCH_LENGTH_AT) + change, BATCH_LENGTH_AT);
  return batch;
}

/** The message set of format 0 or 1 with one message `x`, as clients before Kafka 0.11 sent it. */
function oldMessage(magic: 0 | 1): Buffer {
  const fields = Buffer.alloc(magic === 0 ? 2 : 10);
  fields[0] = magic;
  const body = Buffer.concat([fields, Buffer.from('ffffffff0000000178', 'hex')]);
  const prefix = Buffer.alloc(16);
  prefix.writeInt32BE(4 + body.length, 8);
  return Buffer.concat([prefix, body]);
}

const YEAR_MS = 365 * 24 * 3_600_000;

const REFUSED: readonly [string, Buffer | null, ErrorName][] = [
  ['a wrong CRC', wrongCrc(), 'CORRUPT_MESSAGE'],
  [
    'a CRC of zero',
    (() => {
      const batch = batchOf(['x']);
      batch.writeUInt32BE(0, CRC_AT);
      return batch;
    })(),
    'CORRUPT_MESSAGE',
  ],
  [
    'a count above its offsets',
    spoiled((batch) => batch.writeInt32BE(3, RECORD_COUNT_AT)),
    'INVALID_RECORD',
  ],
  [
    'a count of 2^31 - 1',
    spoiled((batch) => batch.writeInt32BE(2 ** 31 - 1, RECORD_COUNT_AT)),
    'INVALID_RECORD',
  ],
  [
    'a count of zero',
    spoiled((batch) => {
      batch.writeInt32BE(0, RECORD_COUNT_AT);
      batch.writeInt32BE(-1, LAST_OFFSET_DELTA_AT);
    }),
    'INVALID_RECORD',
  ],
  [
    'a negative count',
    spoiled((batch) => {
      batch.writeInt32BE(-5, RECORD_COUNT_AT);
      batch.writeInt32BE(-6, LAST_OFFSET_DELTA_AT);
    }),
    'INVALID_RECORD',
  ],
  [
    'a last offset of 2^31 - 1',
    spoiled((batch) => batch.writeInt32BE(2 ** 31 - 1, LAST_OFFSET_DELTA_AT)),
    'INVALID_RECORD',
  ],
  ['magic 0', oldMessage(0), 'INVALID_RECORD'],
  ['magic 1', oldMessage(1), 'INVALID_RECORD'],
  ['magic 3', spoiled((batch) => void batch.writeInt8(3, MAGIC_AT)), 'INVALID_RECORD'],
  ['magic -1', spoiled((batch) => void batch.writeInt8(-1, MAGIC_AT)), 'INVALID_RECORD'],
  ['codec 5', withAttribute(5), 'UNSUPPORTED_COMPRESSION_TYPE'],
  ['codec 7', withAttribute(7), 'UNSUPPORTED_COMPRESSION_TYPE'],
  ['a control batch', withAttribute(CONTROL_BIT), 'INVALID_RECORD'],
  ['a transactional batch', withAttribute(TRANSACTIONAL_BIT), 'INVALID_TXN_STATE'],
  ['an append time that the client set', withAttribute(TIMESTAMP_TYPE_BIT), 'INVALID_TIMESTAMP'],
  ['more than max.message.bytes', batchOf(['x'.repeat(1_100_000)]), 'MESSAGE_TOO_LARGE'],
  ['a timestamp a year ahead', batchOf(['x'], Date.now() + YEAR_MS), 'INVALID_TIMESTAMP'],
  ['a largest timestamp of 2^53', withInt64(MAX_TIMESTAMP_AT, 2n ** 53n), 'INVALID_TIMESTAMP'],
  [
    'a largest timestamp of 2^63 - 1',
    withInt64(MAX_TIMESTAMP_AT, 2n ** 63n - 1n),
    'INVALID_TIMESTAMP',
  ],
  [
    'a base timestamp of 2^63 - 1',
    withInt64(BASE_TIMESTAMP_AT, 2n ** 63n - 1n),
    'INVALID_TIMESTAMP',
  ],
  ['a producer id of 2^53', withProducer(2n ** 53n, 0, 0), 'INVALID_RECORD'],
  ['a producer id of 2^63 - 1', withProducer(2n ** 63n - 1n, 0, 0), 'INVALID_RECORD'],
  ['a producer id of -2^63', withProducer(-(2n ** 63n), 0, 0), 'INVALID_RECORD'],
  ['a producer id without an epoch', withProducer(7n, -1, 0), 'INVALID_RECORD'],
  ['a producer id without a sequence', withProducer(7n, 0, -1), 'INVALID_RECORD'],
  ['a length below a header', withLength(-40), 'CORRUPT_MESSAGE'],
  ['a length beyond the bytes', withLength(1), 'CORRUPT_MESSAGE'],
  [
    'a length of 2^31 - 1',
    spoiled((batch) => batch.writeInt32BE(2 ** 31 - 1, BATCH_LENGTH_AT)),
    'CORRUPT_MESSAGE',
  ],
  [
    'a negative length',
    spoiled((batch) => batch.writeInt32BE(-1, BATCH_LENGTH_AT)),
    'CORRUPT_MESSAGE',
  ],
  ['a header that is cut', batchOf(['x']).subarray(0, 60), 'CORRUPT_MESSAGE'],
  ['one byte', Buffer.of(0), 'CORRUPT_MESSAGE'],
  ['two batches', Buffer.concat([batchOf(['x']), batchOf(['y'])]), 'INVALID_RECORD'],
  ['no records', Buffer.alloc(0), 'INVALID_RECORD'],
  ['null for records', null, 'INVALID_RECORD'],
];

describe('a batch that is no good is refused, and the connection and the log go on', () => {
  test('each with the code that Kafka has for it, on any connection', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    const answers = await beside(broker, async () => {
      const client = await broker.connect();
      const found: unknown[] = [];
      for (const [what, records] of REFUSED) {
        const { topics } = await client.call('Produce', 9, produceOf('t', records));
        const { errorCode, baseOffset, errorMessage } = topics[0]!.partitions[0]!;
        found.push([what, nameOf(errorCode), baseOffset, typeof errorMessage]);
      }
      const good = await client.call('Produce', 9, produceOf('t', batchOf(['good'])));
      expect(good.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: 0 });
      const read = await client.call('Fetch', 12, fetchOf('t', 0));
      expect(await valuesIn(read.topics[0]!.partitions[0]!.records as Buffer)).toEqual(['good']);
      return found;
    });
    expect(answers).toEqual(REFUSED.map(([what, , code]) => [what, code, -1, 'string']));
    expect(broker.lines).toEqual([]);
  });

  test('with acks=0 each of them closes the connection, which is the only answer there is', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    await beside(broker, async () => {
      for (const [, records] of REFUSED) {
        const client = await broker.connect();
        client.send('Produce', 9, produceOf('t', records, { acks: 0 }));
        client.send('Metadata', 9, { topics: [] });
        expect(await client.nextFrame()).toBeNull();
        client.close();
      }
      const client = await broker.connect();
      client.send('Produce', 9, produceOf('t', batchOf(['good']), { acks: 0 }));
      expect((await client.call('Metadata', 9, { topics: [] })).topics).toEqual([]);
    });
  });

  test('an idempotent producer that skips, repeats or comes back with an old epoch', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    const client = await broker.connect();
    const answers: unknown[] = [];
    for (const [epoch, sequence] of [
      [1, 0],
      [1, 5],
      [1, 0],
      [0, 2],
      [1, 2],
    ] as const) {
      const batch = withProducer(7n, epoch, sequence);
      const { topics } = await client.call('Produce', 9, produceOf('t', batch));
      const { errorCode, baseOffset } = topics[0]!.partitions[0]!;
      answers.push([nameOf(errorCode), baseOffset]);
    }
    expect(answers).toEqual([
      ['NONE', 0],
      ['OUT_OF_ORDER_SEQUENCE_NUMBER', -1],
      ['NONE', 0],
      ['INVALID_PRODUCER_EPOCH', -1],
      ['NONE', 2],
    ]);
  });

  test('a batch within max.message.bytes passes to the byte, and one byte more does not', async () => {
    const size = batchOf(['x'.repeat(1000)]).length;
    const broker = await startAttackedBroker();
    await broker.createTopic('exact', { 'max.message.bytes': String(size) });
    await broker.createTopic('short', { 'max.message.bytes': String(size - 1) });
    const client = await broker.connect();
    for (const [topic, code] of [
      ['exact', ErrorCode.NONE],
      ['short', ErrorCode.MESSAGE_TOO_LARGE],
    ] as const) {
      const batch = batchOf(['x'.repeat(1000)]);
      const { topics } = await client.call('Produce', 9, produceOf(topic, batch));
      expect(topics[0]!.partitions[0]!.errorCode).toBe(code);
    }
  });
});

describe('a produce request that is no good as a whole', () => {
  test.each([
    [7, 'INVALID_REQUIRED_ACKS'],
    [-2, 'INVALID_REQUIRED_ACKS'],
    [32_767, 'INVALID_REQUIRED_ACKS'],
  ] as const)('acks=%d appends nothing', async (acks, code) => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    const client = await broker.connect();
    const refused = await client.call('Produce', 9, produceOf('t', batchOf(['x']), { acks }));
    expect(nameOf(refused.topics[0]!.partitions[0]!.errorCode)).toBe(code);
    const good = await client.call('Produce', 9, produceOf('t', batchOf(['y'])));
    expect(good.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: 0 });
  });

  test('a transactional id gets the error that every client takes as final, in both requests that carry it', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    await beside(broker, async () => {
      const client = await broker.connect();
      const init = await client.call('InitProducerId', 4, {
        transactionalId: 'tx',
        transactionTimeoutMs: 60_000,
      });
      expect(init.errorCode).toBe(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
      const produce = await client.call('Produce', 9, {
        ...produceOf('t', batchOf(['x'])),
        transactionalId: 'tx',
      });
      expect(produce.topics[0]!.partitions[0]!.errorCode).toBe(
        ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      );
    });
  });

  test('partitions and topics that do not exist, and those that are named twice, are answered one by one', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    const client = await broker.connect();
    const { topics } = await client.call('Produce', 9, {
      acks: -1,
      timeoutMs: 1000,
      topics: [
        {
          name: 't',
          partitions: [
            { index: 0, records: batchOf(['a']) },
            { index: 0, records: batchOf(['b']) },
            { index: 1, records: batchOf(['c']) },
            { index: -1, records: batchOf(['d']) },
            { index: 2 ** 31 - 1, records: batchOf(['e']) },
          ],
        },
        { name: 't', partitions: [{ index: 0, records: batchOf(['f']) }] },
        { name: 'none', partitions: [{ index: 0, records: batchOf(['g']) }] },
        { name: '__consumer_offsets', partitions: [{ index: 0, records: batchOf(['h']) }] },
      ],
    });
    const codes = topics.map(({ name, partitions }) => [
      name,
      partitions.map(({ index, errorCode, baseOffset }) => [index, nameOf(errorCode), baseOffset]),
    ]);
    expect(codes).toEqual([
      [
        't',
        [
          [0, 'NONE', 0],
          [0, 'NONE', 1],
          [1, 'UNKNOWN_TOPIC_OR_PARTITION', -1],
          [-1, 'UNKNOWN_TOPIC_OR_PARTITION', -1],
          [2 ** 31 - 1, 'UNKNOWN_TOPIC_OR_PARTITION', -1],
        ],
      ],
      ['t', [[0, 'NONE', 2]]],
      ['none', [[0, 'UNKNOWN_TOPIC_OR_PARTITION', -1]]],
      ['__consumer_offsets', [[0, 'INVALID_TOPIC_EXCEPTION', -1]]],
    ]);
  });
});

function nameOf(code: number): ErrorName | undefined {
  return (Object.keys(ErrorCode) as ErrorName[]).find((name) => ErrorCode[name] === code);
}
