import { describe, expect, test } from 'vitest';
import { APIS, lookupApi } from '../../../server/handlers/apis.js';
import type { RequestOf } from '../../../server/protocol/api.js';
import {
  decodeRequest,
  decodeRequestStart,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../../server/protocol/frame.js';
import { ZERO_UUID } from '../../../server/protocol/schema.js';

function bytes(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

/** Requests without size prefix, as unmodified clients sent them. */
const CAPTURED = {
  librdkafkaApiVersions: bytes(
    '0012000300000001000772646b61666b61000b6c696272646b61666b6106322e302e3200',
  ),
  librdkafkaMetadata: bytes('0003000400000002000772646b61666b610000000100017401'),
  librdkafkaInitProducerId: bytes(
    '0016000400000003000772646b61666b610000ffffffffffffffffffffffffffff00',
  ),
  librdkafkaProduce: bytes(`
    0000000700000004000772646b61666b61ffffffff000075300000000100017400000001000000000000004600000000
    000000000000003a0000000002defe2c84000000000000000001a20518de78000001a20518de780000000000000fa000
    00000000000000000110000000026b027600`),
  librdkafkaFetch: bytes(`
    0001000b00000005000772646b61666b61ffffffff000001f400000001032000000100000000ffffffff000000010001
    740000000100000000ffffffff0000000000000000ffffffffffffffff00100000000000000000`),
  kafkajsApiVersions: bytes('001200020000000000066d792d617070'),
};

describe('requests captured from clients', () => {
  test('ApiVersions v3 of librdkafka 2.0.2 names the client', () => {
    expect(decodeRequest(CAPTURED.librdkafkaApiVersions, lookupApi)).toEqual({
      api: APIS.ApiVersions,
      apiVersion: 3,
      correlationId: 1,
      clientId: 'rdkafka',
      elements: 0,
      body: {
        clientSoftwareName: 'librdkafka',
        clientSoftwareVersion: '2.0.2',
        clusterId: null,
        nodeId: -1,
      },
    });
  });

  test('ApiVersions v2 of kafkajs has an empty body', () => {
    expect(decodeRequest(CAPTURED.kafkajsApiVersions, lookupApi)).toMatchObject({
      api: APIS.ApiVersions,
      apiVersion: 2,
      clientId: 'my-app',
      elements: 0,
    });
  });

  test('Metadata v4 of librdkafka asks for one topic', () => {
    expect(decodeRequest(CAPTURED.librdkafkaMetadata, lookupApi).body).toMatchObject({
      topics: [{ name: 't', topicId: ZERO_UUID }],
      allowAutoTopicCreation: true,
    });
  });

  test('InitProducerId v4 of librdkafka asks for a new idempotent producer', () => {
    expect(decodeRequest(CAPTURED.librdkafkaInitProducerId, lookupApi).body).toEqual({
      transactionalId: null,
      transactionTimeoutMs: -1,
      producerId: -1,
      producerEpoch: -1,
    });
  });

  test('Produce v7 of librdkafka carries a batch, which is a view on the frame', () => {
    const request = decodeRequest(CAPTURED.librdkafkaProduce, lookupApi);
    const body = request.body as RequestOf<typeof APIS.Produce>;
    expect(body).toMatchObject({ transactionalId: null, acks: -1, timeoutMs: 30000 });
    const { index, records } = body.topics[0]!.partitions[0]!;
    expect(index).toBe(0);
    expect(records!.length).toBe(70);
    expect(records!.readUInt8(16)).toBe(2); // magic
    expect(records!.buffer).toBe(CAPTURED.librdkafkaProduce.buffer);
  });

  test('Fetch v11 of librdkafka starts a session-less fetch', () => {
    expect(decodeRequest(CAPTURED.librdkafkaFetch, lookupApi).body).toMatchObject({
      replicaId: -1,
      maxWaitMs: 500,
      maxBytes: 52428800,
      isolationLevel: 1,
      sessionEpoch: -1,
      topics: [
        {
          topic: 't',
          partitions: [
            { partition: 0, currentLeaderEpoch: -1, fetchOffset: 0, partitionMaxBytes: 1048576 },
          ],
        },
      ],
    });
  });

  test('encode to the same bytes again', () => {
    for (const frame of Object.values(CAPTURED)) {
      const { api, apiVersion, correlationId, clientId, body } = decodeRequest(frame, lookupApi);
      const again = encodeRequest(api, apiVersion, correlationId, clientId, body);
      expect(again.subarray(4)).toEqual(frame);
    }
  });
});

describe('responses written by hand from the specification', () => {
  test('Metadata v1', () => {
    const body = {
      brokers: [{ nodeId: 1, host: 'h', port: 9092 }],
      controllerId: 1,
      topics: [
        {
          errorCode: 0,
          name: 't',
          partitions: [
            { errorCode: 0, partitionIndex: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] },
          ],
        },
      ],
    };
    expect(Buffer.concat(encodeResponse(APIS.Metadata, 1, 9, body) as Buffer[])).toEqual(
      bytes(`
        00000041 00000009
        00000001 00000001 0001 68 00002384 ffff
        00000001
        00000001 0000 0001 74 00
        00000001 0000 00000000 00000001 00000001 00000001 00000001 00000001`),
    );
  });

  test('ApiVersions v3 has a flexible body behind a header without tags', () => {
    const body = { errorCode: 0, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] };
    const parts = encodeResponse(APIS.ApiVersions, 3, 7, body);
    expect(Buffer.concat(parts as Buffer[])).toEqual(
      bytes('00000013 00000007 0000 02 0012 0000 0004 00 00000000 00'),
    );
  });

  test('ApiVersions v0 answers a version that we do not know', () => {
    const body = { errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] };
    const parts = encodeResponse(APIS.ApiVersions, 0, 7, body);
    expect(Buffer.concat(parts as Buffer[])).toEqual(
      bytes('00000010 00000007 0023 00000001 0012 0000 0004'),
    );
  });

  test('Produce v10 names the new leader in tagged fields', () => {
    const body = {
      topics: [
        {
          name: 't',
          partitions: [
            {
              index: 0,
              errorCode: 6,
              baseOffset: -1,
              currentLeader: { leaderId: 2, leaderEpoch: 5 },
            },
          ],
        },
      ],
    };
    expect(Buffer.concat(encodeResponse(APIS.Produce, 10, 1, body) as Buffer[])).toEqual(
      bytes(`
        0000003b 00000001 00
        02 02 74
        02 00000000 0006 ffffffffffffffff ffffffffffffffff ffffffffffffffff 01 00
        01 00 09 00000002 00000005 00
        00
        00000000 00`),
    );
  });

  test('Fetch v12 leaves a slice untouched between its bytes', () => {
    const slice = { size: 300 };
    const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 2, records: slice };
    const parts = encodeResponse(APIS.Fetch, 12, 1, {
      topics: [{ topic: 't', partitions: [partition] }],
    });
    expect(parts).toHaveLength(3);
    expect(parts[1]).toBe(slice);
    expect(parts[0]).toEqual(
      bytes(`
        00000167 00000001 00
        00000000 0000 00000000
        02 02 74
        02 00000000 0000 0000000000000002 ffffffffffffffff ffffffffffffffff 00 ffffffff ad02`),
    );
    expect(parts[2]).toEqual(bytes('00 00 00'));
  });
});

describe('the start of a request', () => {
  test('is read whatever the key and version', () => {
    expect(decodeRequestStart(bytes('0012 0063 0000000a ff'))).toEqual({
      apiKey: 18,
      apiVersion: 99,
      correlationId: 10,
    });
  });

  test('decides what cannot be decoded', () => {
    expect(() => decodeRequest(bytes('7000 0000 00000001 ffff'), lookupApi)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_API' }),
    );
    expect(() => decodeRequest(bytes('0012 0063 00000001 ffff'), lookupApi)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }),
    );
    expect(() => decodeRequest(bytes('0012 ffff 00000001 ffff'), lookupApi)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }),
    );
    expect(() => decodeRequest(bytes('0000 0002 00000001 ffff'), lookupApi)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }),
    );
  });

  test('shorter than eight bytes is truncated', () => {
    for (let size = 0; size < 8; size++) {
      expect(() => decodeRequestStart(Buffer.alloc(size))).toThrow(
        expect.objectContaining({ code: 'TRUNCATED' }),
      );
    }
  });
});

test('unknown tagged fields in a request header are passed over', () => {
  const frame = bytes('0012 0003 00000001 ffff 01 63 02 aabb  02 61 02 62 00');
  expect(decodeRequest(frame, lookupApi)).toMatchObject({
    clientId: null,
    body: { clientSoftwareName: 'a', clientSoftwareVersion: 'b' },
  });
});

test('bytes behind a request are ignored, behind a response they are an error', () => {
  expect(decodeRequest(bytes('0012 0000 00000001 ffff abcd'), lookupApi).api).toBe(
    APIS.ApiVersions,
  );
  expect(() => decodeResponse(APIS.ApiVersions, 0, bytes('00000001 0000 00000000 ff'))).toThrow(
    expect.objectContaining({ code: 'TRAILING_BYTES' }),
  );
});

test('a timestamp past 2^53 reaches the handler exactly, an offset as the largest safe number', () => {
  const request = encodeRequest(APIS.ListOffsets, 1, 1, null, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: 0 }] }],
  });
  request.writeBigInt64BE(2n ** 63n - 1n, request.length - 8);
  expect(decodeRequest(request.subarray(4), lookupApi).body).toMatchObject({
    topics: [{ partitions: [{ timestamp: 2n ** 63n - 1n }] }],
  });
  const commit = encodeRequest(APIS.DeleteRecords, 0, 1, null, {
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 0 }] }],
    timeoutMs: 0,
  });
  commit.writeBigInt64BE(2n ** 63n - 1n, commit.length - 12);
  expect(decodeRequest(commit.subarray(4), lookupApi).body).toMatchObject({
    topics: [{ partitions: [{ offset: Number.MAX_SAFE_INTEGER }] }],
  });
});

test('a frame may be given a bound on its array elements', () => {
  const topics = Array.from({ length: 20 }, () => ({ name: 't' }));
  const frame = encodeRequest(APIS.Metadata, 1, 1, null, { topics }).subarray(4);
  expect(decodeRequest(frame, lookupApi, 20).api).toBe(APIS.Metadata);
  expect(() => decodeRequest(frame, lookupApi, 19)).toThrow(
    expect.objectContaining({ code: 'TOO_MANY_ELEMENTS' }),
  );
});

test.each([
  ['with tags that it knows', APIS.Fetch, 12, { maxWaitMs: 0, minBytes: 0, topics: [] }],
  ['without any', APIS.FindCoordinator, 4, { coordinatorKeys: [] }],
] as const)(
  'unknown tags of a structure %s are bounded as array elements are',
  (_what, api, version, body) => {
    const plain = encodeRequest(api, version, 1, null, body as never).subarray(4);
    // The structure's section of tags is what comes last.
    expect(plain.at(-1)).toBe(0);
    const tags = Buffer.alloc(2 * 100, Buffer.of(99, 0));
    const frame = Buffer.concat([plain.subarray(0, -1), Buffer.of(100), tags]);
    expect(decodeRequest(frame, lookupApi, 100).api).toBe(api);
    expect(() => decodeRequest(frame, lookupApi, 99)).toThrow(
      expect.objectContaining({ code: 'TOO_MANY_ELEMENTS' }),
    );
  },
);

test('a request with a slice is refused, as it is one buffer', () => {
  const partitions = [{ index: 0, records: { size: 5 } }];
  const body = { acks: 1, timeoutMs: 1, topics: [{ name: 't', partitions }] };
  expect(() => encodeRequest(APIS.Produce, 3, 1, null, body)).toThrow(RangeError);
});

test('a request with large records is one buffer all the same', () => {
  const records = Buffer.alloc(5000, 7);
  const body = {
    acks: 1,
    timeoutMs: 1,
    topics: [{ name: 't', partitions: [{ index: 0, records }] }],
  };
  const frame = encodeRequest(APIS.Produce, 3, 1, null, body);
  expect(frame.readInt32BE(0)).toBe(frame.length - 4);
  expect(frame.subarray(-5000)).toEqual(records);
});
