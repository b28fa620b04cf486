import { topicKeys } from '../../../server/settings/topic-keys.js';
import { changedBatch } from './batch-seeds.js';
import type { FuzzRandom } from './fuzz-random.js';
import { mutate, noise } from './mutate.js';
import type { Vocabulary } from './schema-values.js';

const PROTOCOL_TYPES = ['consumer', 'consumer', 'connect'] as const;
const PROTOCOLS = ['range'] as const;
const INSTANCES = ['i1', 'i2'] as const;
const NONE = [] as const;
/** What has to be met before a request comes to anything. */
const NUMBERS: Readonly<Record<string, readonly number[]>> = {
  acks: [-1, -1, 1, 0],
  index: [0, 1],
  partition: [0, 1],
  partitionIndex: [0, 1],
  partitionIndexes: [0, 1],
  partitions: [0, 1],
  replicaId: [-1],
  currentLeaderEpoch: [-1, 0],
  leaderEpoch: [-1, 0],
  sessionId: [0],
  sessionEpoch: [-1, 0],
  fetchOffset: [0, 1, 2, 12],
  maxWaitMs: [0, 10, 500],
  minBytes: [0, 1],
  maxBytes: [1_000, 1_000_000],
  partitionMaxBytes: [1, 1_000, 1_000_000],
  timestamp: [-1, -2, -3, 1_767_225_600_000],
  numPartitions: [-1, 1, 2],
  count: [2, 3, 4],
  replicationFactor: [-1, 1],
  brokerIds: [1],
  resourceType: [2, 4],
  configOperation: [0, 1, 2, 3],
  keyType: [0],
  generationId: [-1, 0, 1, 2],
  generationIdOrMemberEpoch: [-1, 1, 2],
  memberEpoch: [-1],
  sessionTimeoutMs: [6_000, 10_000],
  rebalanceTimeoutMs: [1_000, 60_000],
  transactionTimeoutMs: [1_000],
  producerId: [-1],
  producerEpoch: [-1],
  offset: [-1, 0, 1],
};
const GROUPS = ['g', 'h', 'idle'] as const;
const SETTING_NAMES = [...topicKeys.keys(), 'log.retention.ms', 'max.connections', 'nonsense'];
const SETTING_VALUES = [
  '0',
  '1',
  '-1',
  '1000',
  '9223372036854775807',
  'delete',
  'compact',
  'true',
  'gzip',
  'x',
];
/** A subscription of a consumer to the topic `t`. */
const SUBSCRIPTION = Buffer.from('000000000001000174ffffffff', 'hex');
const IDS_MAX = 16;
/** The number of ids that stand for a member without an id. */
const NEW_MEMBERS = 6;

/** Names that exist in a fuzzed broker, and those that it gave in its answers. */
export class Words implements Vocabulary {
  readonly #topics = ['missing', '__consumer_offsets'];
  readonly #resources = [...this.#topics, '1', ''];
  readonly #memberIds = Array.from({ length: NEW_MEMBERS }, () => '');
  readonly uuids = ['AAAAAAAAAAAAAAAAAAAAAQ', 'vvvvvvvvvvvvvvvvvvvvvQ'];

  addTopic(name: string, id: string): void {
    for (const names of [this.#topics, this.#resources]) names.push(name, name, name);
    this.uuids.push(id, id);
  }

  strings(field: string, parent: string): readonly string[] {
    switch (field) {
      case 'topic':
      case 'topics':
      case 'topicNames':
        return this.#topics;
      case 'name':
        if (parent === 'configs') return SETTING_NAMES;
        return parent === 'protocols' || parent === 'groups' ? PROTOCOLS : this.#topics;
      case 'groupId':
      case 'group':
      case 'groups':
      case 'groupsNames':
      case 'key':
      case 'coordinatorKeys':
        return GROUPS;
      case 'memberId':
        return this.#memberIds;
      case 'protocolType':
        return PROTOCOL_TYPES;
      case 'protocolName':
        return PROTOCOLS;
      case 'groupInstanceId':
        return INSTANCES;
      case 'resourceName':
        return this.#resources;
      case 'value':
        return SETTING_VALUES;
      case 'configNames':
      case 'configurationKeys':
        return SETTING_NAMES;
      default:
        return NONE;
    }
  }

  numbers(field: string): readonly number[] {
    return NUMBERS[field] ?? NONE;
  }

  records(random: FuzzRandom): Buffer {
    return changedBatch(random);
  }

  bytes(random: FuzzRandom): Buffer {
    if (random.once(2)) return SUBSCRIPTION;
    return random.once(2) ? mutate(random, SUBSCRIPTION) : noise(random, 40);
  }

  /** Keeps the member ids of an answer. */
  learn(body: unknown): void {
    const { memberId } = body as { memberId?: unknown };
    if (typeof memberId !== 'string' || memberId === '') return;
    this.#memberIds.push(memberId);
    if (this.#memberIds.length > IDS_MAX) this.#memberIds.splice(NEW_MEMBERS, 1);
  }
}
