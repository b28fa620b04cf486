import { expect, test } from 'vitest';
import { APIS } from '../../../server/handlers/apis.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { batchOf, beside, produceOf, startAttackedBroker } from './attacked-broker.js';
import { framed, headerOf, int16, int32, int64, type WireClient } from './wire-client.js';

/** 2^53 and beyond, where a number of JavaScript is not exact any more, and the same below zero. */
const BEYOND = [2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n];
const BELOW = [-3n, -(2n ** 53n), -(2n ** 53n) - 1n, -(2n ** 63n)];

const name = Buffer.concat([int16(1), Buffer.from('t')]);
const onePartition = Buffer.concat([int32(1), name, int32(1), int32(0)]);

/** Fetch 5, which has the fetcher's own log start too. */
function fetchAt(offset: bigint, logStart = -1n): Buffer {
  return framed(
    headerOf(APIS.Fetch.key, 5),
    int32(-1),
    int32(0),
    int32(1),
    int32(1_000_000),
    Buffer.of(0),
    onePartition,
    int64(offset),
    int64(logStart),
    int32(1_000_000),
  );
}

function listOffsetsAt(timestamp: bigint): Buffer {
  return framed(headerOf(APIS.ListOffsets.key, 1), int32(-1), onePartition, int64(timestamp));
}

function deleteRecordsBefore(offset: bigint): Buffer {
  return framed(headerOf(APIS.DeleteRecords.key, 0), onePartition, int64(offset), int32(1000));
}

function endOfEpoch(current: number, wanted: number): Buffer {
  return framed(
    headerOf(APIS.OffsetForLeaderEpoch.key, 2),
    onePartition,
    int32(current),
    int32(wanted),
  );
}

async function withRecords(): Promise<{
  broker: Awaited<ReturnType<typeof startAttackedBroker>>;
  client: WireClient;
}> {
  const broker = await startAttackedBroker();
  await broker.createTopic('t');
  const client = await broker.connect();
  await client.call('Produce', 9, produceOf('t', batchOf(['a', 'b', 'c'])));
  return { broker, client };
}

test('offsets that are none are out of range in Fetch, however large or small, and never rounded', async () => {
  const { broker, client } = await withRecords();
  await beside(broker, async () => {
    for (const offset of [...BEYOND, ...BELOW, -1n, 4n]) {
      await client.write(fetchAt(offset));
      const { topics } = await client.next('Fetch', 5);
      expect(topics[0]!.partitions[0]!.errorCode, String(offset)).toBe(
        ErrorCode.OFFSET_OUT_OF_RANGE,
      );
    }
    for (const logStart of [...BEYOND, ...BELOW]) {
      await client.write(fetchAt(0n, logStart));
      const { topics } = await client.next('Fetch', 5);
      expect(topics[0]!.partitions[0]!.errorCode, String(logStart)).toBe(ErrorCode.NONE);
    }
  });
});

test('times beyond everything find nothing in ListOffsets; names of places that are none are refused', async () => {
  const { broker, client } = await withRecords();
  await beside(broker, async () => {
    for (const timestamp of BEYOND) {
      await client.write(listOffsetsAt(timestamp));
      const { topics } = await client.next('ListOffsets', 1);
      expect(topics[0]!.partitions[0], String(timestamp)).toMatchObject({
        errorCode: ErrorCode.NONE,
        offset: -1,
        timestamp: -1,
      });
    }
    for (const timestamp of BELOW) {
      await client.write(listOffsetsAt(timestamp));
      const { topics } = await client.next('ListOffsets', 1);
      expect(topics[0]!.partitions[0]!.errorCode, String(timestamp)).toBe(
        ErrorCode.UNSUPPORTED_VERSION,
      );
    }
  });
});

test('DeleteRecords moves nothing for offsets that are none', async () => {
  const { broker, client } = await withRecords();
  await beside(broker, async () => {
    for (const offset of [...BEYOND, ...BELOW, 4n]) {
      await client.write(deleteRecordsBefore(offset));
      const { topics } = await client.next('DeleteRecords', 0);
      expect(topics[0]!.partitions[0], String(offset)).toMatchObject({
        errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
        lowWatermark: -1,
      });
    }
    await client.write(fetchAt(0n));
    expect((await client.next('Fetch', 5)).topics[0]!.partitions[0]!).toMatchObject({
      errorCode: ErrorCode.NONE,
      logStartOffset: 0,
    });
  });
});

test('leader epochs from another world are fenced or unknown', async () => {
  const { broker, client } = await withRecords();
  const epoch = broker.broker.engine.leaderEpoch;
  await beside(broker, async () => {
    const answers: unknown[] = [];
    for (const [current, wanted] of [
      [-1, 2 ** 31 - 1],
      [-1, -1],
      [-1, -(2 ** 31)],
      [2 ** 31 - 1, epoch],
      [-(2 ** 31), epoch],
      [epoch, epoch],
    ] as const) {
      await client.write(endOfEpoch(current, wanted));
      const { topics } = await client.next('OffsetForLeaderEpoch', 2);
      const { errorCode, leaderEpoch, endOffset } = topics[0]!.partitions[0]!;
      answers.push([errorCode, leaderEpoch, endOffset]);
    }
    expect(answers).toEqual([
      [ErrorCode.NONE, -1, -1],
      [ErrorCode.NONE, -1, -1],
      [ErrorCode.NONE, -1, -1],
      [ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1],
      [ErrorCode.FENCED_LEADER_EPOCH, -1, -1],
      [ErrorCode.NONE, epoch, 3],
    ]);
  });
});

test('a producer id beyond 2^53 in InitProducerId closes the connection or is not looked at', async () => {
  const { broker } = await withRecords();
  await beside(broker, async () => {
    for (const id of [...BEYOND, ...BELOW]) {
      const client = await broker.connect();
      await client.write(
        framed(
          headerOf(APIS.InitProducerId.key, 3),
          Buffer.of(0), // tags of the header
          Buffer.of(0), // no transactional id
          int32(1000),
          int64(id),
          int16(0),
          Buffer.of(0),
        ),
      );
      const frame = await client.nextFrame();
      if (id === -3n) expect(frame).not.toBeNull();
      else expect(frame, String(id)).toBeNull();
    }
  });
});
