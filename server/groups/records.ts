import type { RecordBytes } from '../coordination/record-codec.js';
import { codec } from '../protocol/compile.js';
import type { Slices } from '../protocol/encode-in-slices.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { Reader } from '../protocol/reader.js';
import {
  array,
  bytes,
  int32,
  int64,
  type Schema,
  string,
  uuid,
  type ValueOf,
} from '../protocol/schema.js';
import { Writer } from '../protocol/writer.js';

/**
 * The records of `__consumer_offsets`, in Kafka's formats. A key begins with its type, a value with
 * its version, both int16; a null value is a tombstone. Written in versions that Kafka reads since
 * 3.5, read in all of them.
 */

/** Types of keys. 0 is the oldest form of an offset's key, with the same fields. */
const KEY_TYPE = { legacyOffset: 0, offset: 1, group: 2 } as const;

const NEVER_FLEXIBLE = Number.POSITIVE_INFINITY;

const OffsetKeyTable = {
  min: 0,
  max: 0,
  flexible: NEVER_FLEXIBLE,
  fields: { group: string(), topic: string(), partition: int32() },
} satisfies Schema;

const GroupKeyTable = {
  min: 0,
  max: 0,
  flexible: NEVER_FLEXIBLE,
  fields: { group: string() },
} satisfies Schema;

const OffsetValueTable = {
  min: 0,
  max: 4,
  flexible: 4,
  fields: {
    offset: int64(),
    leaderEpoch: int32({ versions: '3+', default: -1 }), // KIP-320
    metadata: string(),
    commitTimestamp: int64(),
    expireTimestamp: int64({ versions: '1', default: -1 }),
    topicId: uuid({ versions: '4+', tag: 0 }),
  },
} satisfies Schema;

const GroupValueTable = {
  min: 0,
  max: 4,
  flexible: 4,
  fields: {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullable: '0+' }),
    leader: string({ nullable: '0+' }),
    currentStateTimestamp: int64({ versions: '2+', default: -1 }),
    members: array({
      memberId: string(),
      groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }), // KIP-345
      clientId: string(),
      clientHost: string(),
      rebalanceTimeout: int32({ versions: '1+', default: -1 }),
      sessionTimeout: int32(),
      subscription: bytes(),
      assignment: bytes(),
    }),
  },
} satisfies Schema;

/**
 * The version with an expiry time; later versions leave that to the broker's settings (KIP-211).
 */
const OFFSET_VALUE_VERSION_WITH_EXPIRY = 1;
/**
 * The first version with the topic's id, so that no offset of a deleted topic is taken for one of a
 * new topic.
 */
const OFFSET_VALUE_VERSION = 4;
const GROUP_VALUE_VERSION = 3;

/** The facts that are kept of one commit. */
export interface OffsetValue {
  readonly offset: number;
  /** -1 if the client did not send it. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  /** Wall time. */
  readonly commitTimestamp: number;
  /** Wall time from which on the offset may be deleted; -1 leaves it to the broker's settings. */
  readonly expireTimestamp: number;
  /** `ZERO_UUID` where the record has none. */
  readonly topicId: string;
}

/** The record of a group's last generation. */
export type GroupValue = ValueOf<typeof GroupValueTable>;

/** A record in the coordinator's form. A null value is a tombstone. */
export type GroupRecord =
  | {
      readonly kind: 'offset';
      readonly group: string;
      readonly topic: string;
      readonly partition: number;
      readonly value: OffsetValue | null;
    }
  | { readonly kind: 'group'; readonly group: string; readonly value: GroupValue | null };

/** A record in the form that Kafka 4 writes. */
export function encodeRecord(record: GroupRecord): RecordBytes {
  if (record.kind === 'offset') {
    const { group, topic, partition, value } = record;
    const key = encode(KEY_TYPE.offset, OffsetKeyTable, 0, { group, topic, partition });
    if (value === null) return { key, value: null };
    const version =
      value.expireTimestamp === -1 ? OFFSET_VALUE_VERSION : OFFSET_VALUE_VERSION_WITH_EXPIRY;
    return { key, value: encode(version, OffsetValueTable, version, value) };
  }
  const { group, value } = record;
  const key = encode(KEY_TYPE.group, GroupKeyTable, 0, { group });
  return {
    key,
    value:
      value === null
        ? null
        : encode(GROUP_VALUE_VERSION, GroupValueTable, GROUP_VALUE_VERSION, value),
  };
}

/** The same for a group of many members, with pauses; its value must not change meanwhile. */
export async function encodeRecordInSlices(
  record: GroupRecord,
  slices: Slices,
): Promise<RecordBytes> {
  const { group, kind, value } = record;
  if (kind === 'offset' || value === null) return encodeRecord(record);
  const key = encode(KEY_TYPE.group, GroupKeyTable, 0, { group });
  const writer = new Writer();
  writer.int16(GROUP_VALUE_VERSION);
  await codec(GroupValueTable, GROUP_VALUE_VERSION).encodeInSlices(writer, value, slices);
  return { key, value: Buffer.concat(writer.finish() as Buffer[]) };
}

/**
 * Reads a record; byte fields are copies. Null for a type that belongs to a newer group protocol
 * (KIP-848 and later).
 *
 * @throws ProtocolError if key or value do not match the type and version in their first bytes
 */
export function decodeRecord(key: Buffer, value: Buffer | null): GroupRecord | null {
  const keyReader = new Reader(key);
  const type = keyReader.int16();
  switch (type) {
    case KEY_TYPE.legacyOffset:
    case KEY_TYPE.offset: {
      const fields = codec(OffsetKeyTable, 0).decode(keyReader);
      if (value === null) return { kind: 'offset', ...fields, value: null };
      return { kind: 'offset', ...fields, value: decodeValue(OffsetValueTable, value) };
    }
    case KEY_TYPE.group: {
      const { group } = codec(GroupKeyTable, 0).decode(keyReader);
      if (value === null) return { kind: 'group', group, value: null };
      const read = decodeValue(GroupValueTable, value);
      const members = read.members.map((member) => ({
        ...member,
        subscription: Buffer.from(member.subscription),
        assignment: Buffer.from(member.assignment),
      }));
      return { kind: 'group', group, value: { ...read, members } };
    }
    default:
      return null;
  }
}

function encode<S extends Schema>(
  start: number,
  schema: S,
  version: number,
  value: object,
): Buffer {
  const writer = new Writer();
  writer.int16(start);
  codec<Schema['fields']>(schema, version).encode(writer, value as never);
  return Buffer.concat(writer.finish() as Buffer[]);
}

function decodeValue<S extends Schema>(schema: S, value: Buffer): ValueOf<S> {
  const reader = new Reader(value);
  const version = reader.int16();
  if (version < schema.min || version > schema.max) {
    throw new ProtocolError('UNSUPPORTED_VERSION', `a record has the unknown version ${version}`);
  }
  return codec<Schema['fields']>(schema, version).decode(reader) as ValueOf<S>;
}
