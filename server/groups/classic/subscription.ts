import type { TurnSlices } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { Reader } from '../../protocol/reader.js';
import { type Group, metadataOf } from './group.js';

/** The protocol type of consumers, the one whose metadata the broker looks into. */
export const CONSUMER_PROTOCOL = 'consumer';

/**
 * The topics that the members of a group of consumers read. Null where that is unknown: another
 * protocol type, no generation yet, metadata in no known form, more topics than any group reads, or
 * a group that has changed meanwhile.
 */
export async function subscribedTopics(
  group: Group,
  slices: TurnSlices,
): Promise<ReadonlySet<string> | null> {
  if (group.protocolType !== CONSUMER_PROTOCOL || group.protocol === null) return null;
  const { generation, state } = group;
  const topics = new Set<string>();
  const work = slices.begin();
  try {
    for (const member of group.members.values()) {
      for (const topic of topicsOf(metadataOf(group, member))) {
        topics.add(topic);
        if (topics.size > SERVER_LIMITS.subscribedTopicsMax) return null;
        const pause = work.did(1);
        if (pause === null) continue;
        await pause;
        if (group.generation !== generation || group.state !== state) return null;
      }
    }
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
  return topics;
}

/**
 * The beginning of ConsumerProtocolSubscription: an int16 version, and an array of names; later
 * versions only add to the end.
 */
function* topicsOf(metadata: Buffer): Iterable<string> {
  const reader = new Reader(metadata);
  reader.int16();
  const count = reader.int32();
  for (let at = 0; at < count; at++) yield reader.string();
}
