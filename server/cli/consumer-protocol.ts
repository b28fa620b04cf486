import { codec } from '../protocol/compile.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { Reader } from '../protocol/reader.js';
import { array, bytes, int32, type Schema, string } from '../protocol/schema.js';
import { Writer } from '../protocol/writer.js';

/**
 * The messages that members of a consumer group exchange through JoinGroup and SyncGroup: an int16
 * version, then one of these tables. Later versions only add to the end.
 */

/** The protocol type of consumers. */
export const CONSUMER_PROTOCOL = 'consumer';

const VERSION = 0;
const NEVER_FLEXIBLE = Number.POSITIVE_INFINITY;

const SubscriptionTable = {
  min: 0,
  max: 0,
  flexible: NEVER_FLEXIBLE,
  fields: { topics: array(string()) },
} satisfies Schema;

const AssignmentTable = {
  min: 0,
  max: 0,
  flexible: NEVER_FLEXIBLE,
  fields: { topics: array({ topic: string(), partitions: array(int32()) }) },
} satisfies Schema;

const UserDataTable = {
  min: 0,
  max: 0,
  flexible: NEVER_FLEXIBLE,
  fields: { userData: bytes({ nullable: '0+', default: null }) },
} satisfies Schema;

/** Partitions by topic. */
export type Assignment = ReadonlyMap<string, readonly number[]>;

export function encodeSubscription(topics: readonly string[]): Buffer {
  return encode((writer) => codec(SubscriptionTable, 0).encode(writer, { topics }));
}

/** The topics of a subscription; none where it cannot be read. */
export function decodeSubscription(bytes: Buffer): readonly string[] {
  return decode(bytes, (reader) => codec(SubscriptionTable, 0).decode(reader).topics) ?? [];
}

export function encodeAssignment(assignment: Assignment): Buffer {
  const topics = [...assignment].map(([topic, partitions]) => ({ topic, partitions }));
  return encode((writer) => codec(AssignmentTable, 0).encode(writer, { topics }));
}

/** An assignment; an empty one where it cannot be read, or there is none. */
export function decodeAssignment(bytes: Buffer): Assignment {
  const topics = decode(bytes, (reader) => codec(AssignmentTable, 0).decode(reader).topics) ?? [];
  return new Map(topics.map(({ topic, partitions }) => [topic, partitions]));
}

function encode(body: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  writer.int16(VERSION);
  body(writer);
  codec(UserDataTable, 0).encode(writer, {});
  return Buffer.concat(writer.finish() as Buffer[]);
}

function decode<T>(bytes: Buffer, body: (reader: Reader) => T): T | null {
  try {
    const reader = new Reader(bytes);
    reader.int16();
    return body(reader);
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}
