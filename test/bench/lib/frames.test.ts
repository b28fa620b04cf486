import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { batchOf, writeFetchFrames, writeProduceFrames } from '../../../bench/lib/frames.js';
import { validateBatch } from '../../../engine/batch/validate.js';
import { APIS, lookupApi } from '../../../server/handlers/apis.js';
import type { RequestOf } from '../../../server/protocol/api.js';
import { decodeRequest, encodeResponse } from '../../../server/protocol/frame.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const TOPIC = 'bench-000001';
const CODE = 0x1234;

function framesOf(path: string): Buffer[] {
  const all = readFileSync(path);
  const frames: Buffer[] = [];
  for (let at = 0; at < all.length; at += 4 + all.readInt32BE(at)) {
    frames.push(all.subarray(at + 4, at + 4 + all.readInt32BE(at)));
  }
  return frames;
}

function body(parts: readonly unknown[]): Buffer {
  return Buffer.concat(parts as Buffer[]).subarray(4);
}

describe('batchOf', () => {
  test('fills the size asked for as far as whole records go', async () => {
    const { bytes, records } = await batchOf({ recordBytes: 1024, batchBytes: 65_536 });
    expect(records).toBe(63);
    expect(bytes.length).toBeLessThanOrEqual(65_536);
    expect(validateBatch(bytes, { maxBatchBytes: 65_536 })).toBeNull();
  });

  test('holds one record at least', async () => {
    expect(await batchOf({ recordBytes: 100, batchBytes: 0 })).toMatchObject({ records: 1 });
  });
});

describe('produce frames', () => {
  test('there is one for each partition, and the error code of the answer is where the drivers look', async () => {
    const shape = { topic: TOPIC, partitions: 3, acks: -1, recordBytes: 100, batchBytes: 0 };
    const { path, errorAt } = await writeProduceFrames(temporaryFolder(), shape);
    const requests = framesOf(path).map((frame) => decodeRequest(frame, lookupApi));
    expect(
      requests.map(({ body }) => (body as RequestOf<typeof APIS.Produce>).topics[0]),
    ).toMatchObject([0, 1, 2].map((index) => ({ name: TOPIC, partitions: [{ index }] })));
    const answer = body(
      encodeResponse(APIS.Produce, requests[0]!.apiVersion, 1, {
        topics: [
          {
            name: TOPIC,
            partitions: [{ index: 0, errorCode: CODE, baseOffset: 0, recordErrors: [] }],
          },
        ],
        nodeEndpoints: [],
      }),
    );
    expect(answer.readInt16BE(errorAt)).toBe(CODE);
  });

  test('or one for all together', async () => {
    const shape = { topic: TOPIC, partitions: 3, acks: -1, recordBytes: 100, batchBytes: 0 };
    const { path } = await writeProduceFrames(temporaryFolder(), { ...shape, together: true });
    expect(framesOf(path)).toHaveLength(1);
  });
});

test('fetch frames walk the partition slice by slice, and the error code is where the drivers look', async () => {
  const batch = await batchOf({ recordBytes: 1024, batchBytes: 65_536 });
  const shape = { topic: TOPIC, sliceBytes: 4 * 65_536, batch, batches: 10 };
  const { path, errorAt, payloadBytes } = writeFetchFrames(temporaryFolder(), shape);
  const requests = framesOf(path).map((frame) => decodeRequest(frame, lookupApi));
  expect(payloadBytes).toBe(4 * batch.bytes.length);
  expect(
    requests.map(
      ({ body }) => (body as RequestOf<typeof APIS.Fetch>).topics[0]!.partitions[0]!.fetchOffset,
    ),
  ).toEqual([0, 4 * batch.records]);
  const answer = body(
    encodeResponse(APIS.Fetch, requests[0]!.apiVersion, 1, {
      errorCode: 0,
      topics: [
        {
          topic: TOPIC,
          topicId: '',
          partitions: [{ partitionIndex: 0, errorCode: CODE, highWatermark: 0, records: null }],
        },
      ],
      nodeEndpoints: [],
    }),
  );
  expect(answer.readInt16BE(errorAt)).toBe(CODE);
});
