/**
 * A broker that only answers: produced records are thrown away, fetches bring the same batches for
 * ever. What a client's tool reaches against it is the tool's ceiling. `null-broker RECORD_BYTES
 * BATCH_BYTES`.
 */

import { createServer, type Socket } from 'node:net';
import { APIS, type ApiName, type Apis, lookupApi } from '../../server/handlers/apis.js';
import { FrameParser } from '../../server/net/receiving/framing.js';
import type { RequestOf, ResponseOf } from '../../server/protocol/api.js';
import {
  decodeRequest,
  decodeRequestStart,
  encodeResponse,
  type RequestFrame,
} from '../../server/protocol/frame.js';
import type { Part } from '../../server/protocol/writer.js';
import { batchOf } from '../lib/frames.js';

const NODE_ID = 1;
const TOPIC_ID = 'bm90aGluZ2lza2VwdGhlcg';
const FRAME_BYTES_MAX = 100 * 1024 * 1024;
const SLICE_BYTES = 1024 * 1024;
const END_OFFSET = 2 ** 52;
const MEMBER_ID = 'member';

const [recordText = '1024', batchText = '65536'] = process.argv.slice(2);
const batch = await batchOf({ recordBytes: Number(recordText), batchBytes: Number(batchText) });
const batchesPerSlice = Math.max(1, Math.floor(SLICE_BYTES / batch.bytes.length));
let port = 0;
let produced = 0;

/** The equal batches of one answer, with offsets from `from` on. */
function sliceFrom(from: number): Buffer {
  const slice = Buffer.allocUnsafe(batchesPerSlice * batch.bytes.length);
  for (let i = 0; i < batchesPerSlice; i++) {
    const at = i * batch.bytes.length;
    batch.bytes.copy(slice, at);
    slice.writeBigInt64BE(BigInt(from + i * batch.records), at);
  }
  return slice;
}

const broker = (): { nodeId: number; host: string; port: number } => ({
  nodeId: NODE_ID,
  host: '127.0.0.1',
  port,
});

type Answers = { readonly [N in ApiName]?: (request: RequestOf<Apis[N]>) => ResponseOf<Apis[N]> };

/** Only these are advertised. Topics exist as soon as they are named, with one partition. */
const answers: Answers = {
  ApiVersions: () => ({
    errorCode: 0,
    apiKeys: (Object.keys(answers) as ApiName[]).map((name) => ({
      apiKey: APIS[name].key,
      minVersion: APIS[name].advertiseMin,
      maxVersion: APIS[name].max,
    })),
  }),
  Metadata: ({ topics }) => ({
    brokers: [broker()],
    clusterId: 'null',
    controllerId: NODE_ID,
    topics: (topics ?? []).map(({ name }) => ({
      errorCode: 0,
      name,
      topicId: TOPIC_ID,
      partitions: [
        {
          errorCode: 0,
          partitionIndex: 0,
          leaderId: NODE_ID,
          replicaNodes: [NODE_ID],
          isrNodes: [NODE_ID],
        },
      ],
    })),
  }),
  InitProducerId: () => ({ errorCode: 0, producerId: 1, producerEpoch: 0 }),
  Produce: ({ topics }) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index }) => ({
        index,
        errorCode: 0,
        baseOffset: produced++,
        recordErrors: [],
      })),
    })),
    nodeEndpoints: [],
  }),
  Fetch: ({ topics }) => ({
    errorCode: 0,
    topics: topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition, fetchOffset }) => ({
        partitionIndex: partition,
        errorCode: 0,
        highWatermark: END_OFFSET,
        lastStableOffset: END_OFFSET,
        records: sliceFrom(fetchOffset),
      })),
    })),
    nodeEndpoints: [],
  }),
  ListOffsets: ({ topics }) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: 0,
        offset: 0,
        leaderEpoch: 0,
      })),
    })),
  }),
  FindCoordinator: ({ coordinatorKeys }) => ({
    errorCode: 0,
    errorMessage: null,
    ...broker(),
    coordinators: coordinatorKeys.map((key) => ({
      key,
      ...broker(),
      errorCode: 0,
      errorMessage: null,
    })),
  }),
  JoinGroup: ({ protocols, protocolType }) => ({
    errorCode: 0,
    generationId: 1,
    protocolType,
    protocolName: protocols[0]?.name ?? '',
    leader: MEMBER_ID,
    memberId: MEMBER_ID,
    members: [{ memberId: MEMBER_ID, metadata: protocols[0]?.metadata ?? Buffer.alloc(0) }],
  }),
  SyncGroup: ({ protocolType, protocolName, assignments }) => ({
    errorCode: 0,
    protocolType,
    protocolName,
    assignment: assignments[0]?.assignment ?? Buffer.alloc(0),
  }),
  Heartbeat: () => ({ errorCode: 0 }),
  LeaveGroup: () => ({ errorCode: 0, members: [] }),
  OffsetFetch: ({ groups }) => ({
    topics: [],
    groups: groups.map(({ groupId, topics }) => ({
      groupId,
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: -1,
          metadata: null,
          errorCode: 0,
        })),
      })),
    })),
  }),
  OffsetCommit: ({ topics }) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
    })),
  }),
};

function answer(frame: Buffer): Part[] {
  const { apiKey, apiVersion, correlationId } = decodeRequestStart(frame);
  const api = lookupApi(apiKey);
  if (api === undefined) throw new Error(`API ${apiKey} is not answered here`);
  if (api.name === 'ApiVersions' && apiVersion > api.max) {
    return encodeResponse(APIS.ApiVersions, 0, correlationId, { errorCode: 35, apiKeys: [] });
  }
  const request = decodeRequest(frame, lookupApi);
  const body = (answers[api.name as ApiName] as (body: RequestFrame['body']) => never)(
    request.body,
  );
  return encodeResponse(api, apiVersion, correlationId, body);
}

function serve(socket: Socket): void {
  const parser = new FrameParser({
    sizeMin: 8,
    sizeMax: FRAME_BYTES_MAX,
    allocateAtOnceBytes: SLICE_BYTES,
  });
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    socket.cork();
    parser.push(chunk, (frame) => {
      for (const part of answer(frame)) if (Buffer.isBuffer(part)) socket.write(part);
    });
    socket.uncork();
  });
}

const server = createServer(serve).listen(0, '127.0.0.1', () => {
  const address = server.address();
  port = address !== null && typeof address === 'object' ? address.port : 0;
  process.stdout.write(`port ${port}\n`);
});
process.stdin.on('close', () => process.exit(0)).resume();
