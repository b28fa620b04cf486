import { codec } from '../protocol/compile.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { Reader } from '../protocol/reader.js';
import { array, type Schema, string } from '../protocol/schema.js';
import { type Group, metadataOf } from './group.js';

/** The protocol type of consumers, the one whose metadata the broker looks into. */
export const CONSUMER_PROTOCOL = 'consumer';

/** The beginning of ConsumerProtocolSubscription, behind its int16 version; later versions only add to the end. */
const SubscriptionTable = {
  min: 0,
  max: 0,
  flexible: Number.POSITIVE_INFINITY,
  fields: { topics: array(string()) },
} satisfies Schema;

/**
 * The topics that the members of a group of consumers read. Null where that cannot be told: another protocol type, no generation
 * yet, or metadata in no known form.
 */
export function subscribedTopics(group: Group): ReadonlySet<string> | null {
  if (group.protocolType !== CONSUMER_PROTOCOL || group.protocol === null) return null;
  const topics = new Set<string>();
  try {
    for (const member of group.members.values()) {
      const reader = new Reader(metadataOf(group, member));
      reader.int16();
      for (const topic of codec(SubscriptionTable, 0).decode(reader).topics) topics.add(topic);
    }
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
  return topics;
}
