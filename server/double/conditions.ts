import type { BrokerInside } from '../broker/inside.js';
import type { ApiName } from '../handlers/apis.js';
import { SERVER_LIMITS } from '../limits.js';
import type { RequestFilter, RequestLog, TrackedRequest } from '../testing/request-log.js';
import type { BrokerRecord } from './broker-record.js';
import { assertCount, assertFilter, assertOptions, assertText } from './options.js';
import { countOf, recordsOfTopic } from './records.js';
import { TestBrokerError } from './test-broker-error.js';
import type { Awaited } from './until.js';

/** A topic holds records. */
export interface RecordsCondition {
  readonly topic: string;
  /** At least so many. Default 1. */
  readonly count?: number | undefined;
  /** Default: all partitions together. */
  readonly partition?: number | undefined;
}

/** Clients have sent requests, answered or not. */
export interface RequestsCondition extends RequestFilter {
  readonly api: ApiName;
  /** At least so many since the start or the last reset. Default 1. */
  readonly count?: number | undefined;
}

/** A consumer group has settled. */
export interface GroupCondition {
  readonly group: string;
  /** It is stable with so many members; 0: it has none. Default: not looked at. */
  readonly members?: number | undefined;
  /** It has committed all partitions of this topic, but `lag` records. */
  readonly topic?: string | undefined;
  /** Of all partitions of `topic` together. Default 0. */
  readonly lag?: number | undefined;
}

/** A group as a condition has met it. */
export interface SettledGroup {
  readonly group: string;
  readonly state: string;
  readonly members: number;
  /** Records of the topic that are not committed; null where no topic was named. */
  readonly lag: number | null;
}

/** What a condition looks at. */
export interface ConditionWorld {
  /** Throws BROKER_DOWN while the broker does not run. */
  inside(): BrokerInside;
  readonly requests: RequestLog;
}

const RECORDS = ['topic', 'count', 'partition'];
const REQUESTS = ['api', 'topic', 'clientId', 'group', 'count'];
const GROUP = ['group', 'members', 'topic', 'lag'];

/** The records of a topic, once there are enough of them. */
export function recordsCondition(
  world: ConditionWorld,
  condition: RecordsCondition,
): Awaited<BrokerRecord[]> {
  assertOptions('until', condition, RECORDS);
  const { topic, partition, count = 1 } = condition;
  assertText('topic', topic);
  assertCount('partition', partition);
  assertCount('count', count);
  const present = (): number => countOf(world.inside(), topic, partition);
  return {
    look: async () =>
      present() < count
        ? null
        : ((await recordsOfTopic(world.inside(), topic, { partition })) as BrokerRecord[]),
    missing: () => {
      const where = partition === undefined ? `topic ${topic}` : `${topic}-${partition}`;
      const isThere = world.inside().metadata.image.topic(topic) !== undefined;
      return isThere
        ? `${where} has ${present()} of ${count} records`
        : `there is no topic ${topic}`;
    },
  };
}

/** The requests that fit, once there are enough of them. */
export function requestsCondition(
  { requests }: ConditionWorld,
  condition: RequestsCondition,
): Awaited<TrackedRequest[]> {
  assertOptions('until', condition, REQUESTS);
  const { count = 1, ...filter } = condition;
  assertFilter(filter);
  assertCount('count', count);
  return {
    look: () => {
      const found = requests.find(filter);
      return found.length < count ? null : found;
    },
    missing: () => {
      const which = Object.entries(filter).map(([name, value]) => `${name} ${String(value)}`);
      return `there were ${requests.find(filter).length} of ${count} requests with ${which.join(', ')}`;
    },
  };
}

/** The group, once it has settled. */
export function groupCondition(
  world: ConditionWorld,
  condition: GroupCondition,
): Awaited<SettledGroup> {
  assertOptions('until', condition, GROUP);
  const { group, members, topic, lag = 0 } = condition;
  assertText('group', group);
  if (topic !== undefined) assertText('topic', topic);
  assertCount('members', members);
  if (topic === undefined && condition.lag !== undefined) {
    throw invalid('lag is of a topic: until({ group, topic, lag })');
  }
  assertCount('lag', lag);
  const present = (): SettledGroup => {
    const inside = world.inside();
    const found = entryOf(inside, group);
    return {
      group,
      state: found?.group.state ?? 'absent',
      members: found?.group.members.size ?? 0,
      lag: topic === undefined ? null : lagOf(inside, topic, found?.offsets ?? null),
    };
  };
  return {
    look: () => {
      const now = present();
      const isStable = now.state === (members === 0 ? now.state : 'Stable');
      if (members !== undefined && (now.members !== members || !isStable)) return null;
      if (members === undefined && topic === undefined && now.state !== 'Stable') return null;
      return now.lag === null || now.lag <= lag ? now : null;
    },
    missing: () => {
      const now = present();
      const behind = now.lag === null ? '' : `, ${now.lag} records of ${topic} behind`;
      return `group ${group} is ${now.state} with ${now.members} members${behind}`;
    },
  };
}

type Entry = NonNullable<ReturnType<NonNullable<ReturnType<typeof shardOf>>['registry']['find']>>;

function shardOf({ groups }: BrokerInside, group: string) {
  return groups.shards.find(group);
}

/** Null for a group that there is not, and while groups are being loaded. */
function entryOf(inside: BrokerInside, group: string): Entry | null {
  try {
    return shardOf(inside, group)?.registry.find(group) ?? null;
  } catch {
    return null;
  }
}

/** Records of all partitions that lie behind the committed offsets. */
function lagOf(
  { metadata, partitions }: BrokerInside,
  name: string,
  offsets: Entry['offsets'] | null,
) {
  const topic = metadata.image.topic(name);
  if (topic === undefined) return Number.POSITIVE_INFINITY;
  let lag = 0;
  for (const index of topic.partitions.keys()) {
    const log = partitions.logOf(topic, index);
    if (log === null) continue;
    const committed = offsets?.get(name, index)?.offset ?? log.logStartOffset;
    lag += Math.max(0, log.highWatermark - committed);
  }
  return lag;
}

/** What clients have asked for, in a few words. */
export function seenRequests(requests: RequestLog): string {
  const byApi = new Map<string, { count: number; errors: Set<string> }>();
  for (const { api, error } of requests.find()) {
    const seen = byApi.get(api) ?? { count: 0, errors: new Set() };
    seen.count += 1;
    if (error !== null && seen.errors.size < SERVER_LIMITS.untilErrorsShownMax) {
      seen.errors.add(error);
    }
    byApi.set(api, seen);
  }
  if (byApi.size === 0) return 'no client has sent a request';
  const parts = [...byApi].map(([api, { count, errors }]) =>
    errors.size === 0 ? `${api} ${count}` : `${api} ${count} (${[...errors].join(', ')})`,
  );
  return `requests seen: ${parts.join(', ')}`;
}

function invalid(message: string): TestBrokerError {
  return new TestBrokerError('INVALID_OPTION', message);
}
