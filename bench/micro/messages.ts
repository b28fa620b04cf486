import { APIS, type ApiName, type Apis, lookupApi } from '../../server/handlers/apis.js';
import type { RequestOf, ResponseOf } from '../../server/protocol/api.js';
import { decodeRequest, encodeRequest, encodeResponse } from '../../server/protocol/frame.js';
import { ZERO_UUID } from '../../server/protocol/schema.js';
import type { MicroCase } from './suite.js';

const TOPIC = 'orders';
const GROUP = 'billing';
const MEMBER = 'consumer-billing-1-4f1b7c1e-0f2a-4a55-9d57-2e1d7f3d1a10';

/** The smallest faithful example of a message: what a broker sees thousands of times a second. */
interface Hot<N extends ApiName> {
  readonly version: number;
  readonly request: Partial<RequestOf<Apis[N]>>;
  readonly response: ResponseOf<Apis[N]>;
}

/** The ten that a broker sees most, in the versions that today's clients speak. */
const HOT: { readonly [N in ApiName]?: Hot<N> } = {
  Produce: {
    version: 11,
    request: {
      acks: -1,
      timeoutMs: 30_000,
      topics: [{ name: TOPIC, partitions: [{ index: 0, records: Buffer.alloc(0) }] }],
    },
    response: {
      topics: [
        { name: TOPIC, partitions: [{ index: 0, errorCode: 0, baseOffset: 7, recordErrors: [] }] },
      ],
      nodeEndpoints: [],
    },
  },
  Fetch: {
    version: 12,
    request: {
      maxWaitMs: 500,
      minBytes: 1,
      topics: [
        {
          topic: TOPIC,
          topicId: ZERO_UUID,
          partitions: [
            {
              partition: 0,
              currentLeaderEpoch: 0,
              fetchOffset: 7,
              lastFetchedEpoch: -1,
              logStartOffset: -1,
              partitionMaxBytes: 1_048_576,
              replicaDirectoryId: ZERO_UUID,
            },
          ],
        },
      ],
      forgottenTopicsData: [],
    },
    response: {
      errorCode: 0,
      topics: [
        {
          topic: TOPIC,
          topicId: ZERO_UUID,
          partitions: [
            { partitionIndex: 0, errorCode: 0, highWatermark: 9, records: Buffer.alloc(0) },
          ],
        },
      ],
      nodeEndpoints: [],
    },
  },
  Metadata: {
    version: 12,
    request: { topics: [{ topicId: ZERO_UUID, name: TOPIC }] },
    response: {
      brokers: [{ nodeId: 1, host: 'localhost', port: 9092 }],
      topics: [
        {
          errorCode: 0,
          name: TOPIC,
          topicId: ZERO_UUID,
          partitions: Array.from({ length: 8 }, (_, partitionIndex) => ({
            errorCode: 0,
            partitionIndex,
            leaderId: 1,
            replicaNodes: [1],
            isrNodes: [1],
          })),
        },
      ],
    },
  },
  ListOffsets: {
    version: 7,
    request: {
      replicaId: -1,
      isolationLevel: 0,
      topics: [
        { name: TOPIC, partitions: [{ partitionIndex: 0, currentLeaderEpoch: 0, timestamp: -1 }] },
      ],
    },
    response: {
      topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, errorCode: 0, offset: 9 }] }],
    },
  },
  OffsetCommit: {
    version: 8,
    request: {
      groupId: GROUP,
      generationIdOrMemberEpoch: 3,
      memberId: MEMBER,
      topics: [
        {
          name: TOPIC,
          partitions: [
            {
              partitionIndex: 0,
              committedOffset: 7,
              committedLeaderEpoch: 0,
              committedMetadata: '',
            },
          ],
        },
      ],
    },
    response: { topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, errorCode: 0 }] }] },
  },
  OffsetFetch: {
    version: 8,
    request: {
      groups: [
        {
          groupId: GROUP,
          memberId: null,
          memberEpoch: -1,
          topics: [{ name: TOPIC, partitionIndexes: [0, 1, 2, 3] }],
        },
      ],
    },
    response: { topics: [], groups: [{ groupId: GROUP, topics: [] }] },
  },
  Heartbeat: {
    version: 4,
    request: { groupId: GROUP, generationId: 3, memberId: MEMBER },
    response: { errorCode: 0 },
  },
  FindCoordinator: {
    version: 4,
    request: { coordinatorKeys: [GROUP] },
    response: {
      errorCode: 0,
      errorMessage: null,
      nodeId: 1,
      host: '',
      port: 0,
      coordinators: [
        { key: GROUP, nodeId: 1, host: 'localhost', port: 9092, errorCode: 0, errorMessage: null },
      ],
    },
  },
  InitProducerId: {
    version: 4,
    request: { transactionalId: null, transactionTimeoutMs: 60_000 },
    response: { errorCode: 0, producerId: 1000, producerEpoch: 0 },
  },
  ApiVersions: {
    version: 3,
    request: { clientSoftwareName: 'apache-kafka-java', clientSoftwareVersion: '4.3.1' },
    response: {
      errorCode: 0,
      apiKeys: Object.values(APIS).map(({ key, min, max }) => ({
        apiKey: key,
        minVersion: min,
        maxVersion: max,
      })),
    },
  },
};

/** Each request decoded and each response encoded, beside JSON of the same values. */
export function messageCases(): MicroCase[] {
  return (Object.keys(HOT) as ApiName[]).flatMap((name) =>
    casesOf(name, HOT[name] as Hot<ApiName>),
  );
}

function casesOf(name: ApiName, { version, request, response }: Hot<ApiName>): MicroCase[] {
  const api = APIS[name];
  const frame = encodeRequest(api, version, 1, 'client', request as never).subarray(4);
  const requestText = JSON.stringify(decodeRequest(frame, lookupApi).body);
  return [
    {
      id: `decode-${name}`,
      title: `${name} request, version ${version}, decoded`,
      ways: { codec: () => decodeRequest(frame, lookupApi), JSON: () => JSON.parse(requestText) },
    },
    {
      id: `encode-${name}`,
      title: `${name} response, version ${version}, encoded`,
      ways: {
        codec: () => encodeResponse(api, version, 1, response as never),
        JSON: () => Buffer.from(JSON.stringify(response)),
      },
    },
  ];
}
