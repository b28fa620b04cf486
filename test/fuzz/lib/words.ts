import { topicKeys } from '../../../server/settings/topic-keys.js';
import { changedBatch } from './batch-seeds.js';
import type { FuzzRandom } from './fuzz-random.js';
import { mutate, noise } from './mutate.js';
import type { Vocabulary } from './schema-values.js';

const PROTOCOL_TYPES = ['consumer', 'consumer', 'connect'] as const;
const PROTOCOLS = ['range'] as const;
const INSTANCES = ['i1', 'i2'] as const;
const NONE = [] as const;
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

/** Names that exist in a fuzzed broker, and those that it gave in its answers. */
export class Words implements Vocabulary {
  readonly #topics = ['missing', '__consumer_offsets'];
  readonly #names = [...this.#topics, ...SETTING_NAMES, 'range'];
  readonly #resources = [...this.#topics, '1', ''];
  readonly #memberIds = [''];
  readonly uuids = ['AAAAAAAAAAAAAAAAAAAAAQ', 'vvvvvvvvvvvvvvvvvvvvvQ'];

  addTopic(name: string, id: string): void {
    for (const names of [this.#topics, this.#names, this.#resources]) names.push(name, name, name);
    this.uuids.push(id, id);
  }

  strings(field: string): readonly string[] {
    switch (field) {
      case 'topic':
      case 'topics':
      case 'topicNames':
        return this.#topics;
      case 'name':
        return this.#names;
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
    if (this.#memberIds.length > IDS_MAX) this.#memberIds.splice(1, 1);
  }
}
