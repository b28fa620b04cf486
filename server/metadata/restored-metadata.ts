import type { SettingTexts } from '../settings/topic-settings.js';
import { KEEP_EVERYTHING } from './adopted-topics.js';
import { COORDINATOR_TOPICS } from './coordinator-for.js';
import {
  CLUSTER_KEY,
  DELETED_TOPICS_PREFIX,
  NODE_KEY,
  type NodeRecord,
  PRODUCER_IDS_KEY,
  TOPICS_PREFIX,
  type TopicRecord,
} from './records.js';

/** An entry of the metadata store in a file. */
export interface StoredEntry {
  readonly value: unknown;
  readonly revision: number;
  readonly leaseId: string | null;
}

/** The metadata that one file holds. */
export interface StoredMetadata {
  readonly revision: number;
  readonly entries: ReadonlyMap<string, StoredEntry>;
  /** Whether the metadata is complete, as of `revision`. */
  readonly isWhole: boolean;
}

/** The sources from which metadata can be restored. */
export interface MetadataSources {
  /** `metadata.mdb`, as far as it can be read. */
  readonly own: StoredMetadata;
  /** Its copy in `catalog.mdb`, likewise. */
  readonly copy: StoredMetadata;
  /** The live partition folders. */
  readonly folders: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly topicId: string | null;
  }[];
  /** Ids of topics that the engine is deleting. */
  readonly deletedIds: ReadonlySet<string>;
  /** For topics of which only folders are left, where no other topic names a node. */
  readonly nodeId: number;
  /**
   * Partitions of `__consumer_offsets`, where only folders are left; null where they do not tell.
   */
  readonly offsetsPartitions: number | null;
}

export interface RestoredMetadata {
  readonly revision: number;
  readonly entries: ReadonlyMap<string, StoredEntry>;
  /** Facts that are unknown, and the assumption in their place, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Restores metadata from what is left of it: the newest version of each entry, from the file or its
 * copy; then the topics that only folders show. A topic is never left out for want of proof, except
 * where it was being deleted. Producer ids begin again at a random number, which no log knows.
 */
export function restoreMetadata(sources: MetadataSources): RestoredMetadata {
  const { own, copy } = sources;
  const warnings: string[] = [];
  const entries = newestOf(own, copy);
  const revision = Math.max(latestOf(own), latestOf(copy)) + 1;
  const put = (key: string, value: unknown): void => {
    entries.set(key, { value, revision, leaseId: null });
  };
  for (const id of deletedIdsOf(entries, sources)) {
    for (const [key, { value }] of entries) {
      if (key.startsWith(TOPICS_PREFIX) && (value as TopicRecord).id === id) entries.delete(key);
    }
  }
  entries.delete(PRODUCER_IDS_KEY);
  if (!entries.has(CLUSTER_KEY))
    warnings.push('the id of the cluster is lost: the next start makes a new one');
  addFromFolders(entries, sources, put, warnings);
  if (!own.isWhole && !copy.isWhole) {
    warnings.push(
      'topics without any file, and settings that were changed, may be missing: compare with what you know',
    );
  }
  return { revision, entries, warnings };
}

/** Without these settings retention would delete commits. */
const OFFSETS_TOPIC_SETTINGS: SettingTexts = { 'cleanup.policy': 'compact' };

/** A complete source that is as new as the other one is enough. */
function newestOf(own: StoredMetadata, copy: StoredMetadata): Map<string, StoredEntry> {
  for (const [one, other] of [
    [own, copy],
    [copy, own],
  ] as const) {
    if (one.isWhole && one.revision >= latestOf(other)) return new Map(one.entries);
  }
  const entries = new Map(copy.entries);
  for (const [key, entry] of own.entries) {
    if (entry.revision >= (entries.get(key)?.revision ?? 0)) entries.set(key, entry);
  }
  return entries;
}

function latestOf({ revision, entries }: StoredMetadata): number {
  let latest = revision;
  for (const entry of entries.values()) latest = Math.max(latest, entry.revision);
  return latest;
}

function deletedIdsOf(
  entries: ReadonlyMap<string, StoredEntry>,
  { deletedIds }: MetadataSources,
): Set<string> {
  const ids = new Set(deletedIds);
  for (const key of entries.keys()) {
    if (key.startsWith(DELETED_TOPICS_PREFIX)) ids.add(key.slice(DELETED_TOPICS_PREFIX.length));
  }
  return ids;
}

/** Topics of which nothing but folders is left, and partitions that a record does not count. */
function addFromFolders(
  entries: ReadonlyMap<string, StoredEntry>,
  sources: MetadataSources,
  put: (key: string, value: TopicRecord) => void,
  warnings: string[],
): void {
  const deleted = deletedIdsOf(entries, sources);
  const nodeId = nodeIdOf(entries) ?? sources.nodeId;
  for (const [name, folders] of byTopic(sources.folders)) {
    const known = entries.get(TOPICS_PREFIX + name)?.value as TopicRecord | undefined;
    const ids = new Set(
      folders.flatMap(({ topicId }) => topicId ?? []).filter((id) => !deleted.has(id)),
    );
    const count = 1 + Math.max(...folders.map(({ partition }) => partition));
    if (known !== undefined) {
      const isOurs = ids.has(known.id) || ids.size === 0;
      if (!isOurs || known.replicas.length >= count) continue;
      put(TOPICS_PREFIX + name, withPartitions(known, count, nodeId));
      warnings.push(
        `topic ${name} has ${count} ${count === 1 ? 'partition' : 'partitions'}, by its folders, instead of ${known.replicas.length}`,
      );
      continue;
    }
    const [id, ...others] = ids;
    if (id === undefined) continue;
    if (others.length > 0) {
      warnings.push(
        `the folders of topic ${name} have ${ids.size} topic ids: it is not restored, move those of the wrong topic away and rebuild again`,
      );
      continue;
    }
    const isOffsets = name === COORDINATOR_TOPICS.group;
    const partitions = isOffsets ? Math.max(count, sources.offsetsPartitions ?? 0) : count;
    const overrides = isOffsets ? OFFSETS_TOPIC_SETTINGS : KEEP_EVERYTHING;
    put(TOPICS_PREFIX + name, withPartitions({ id, replicas: [], overrides }, partitions, nodeId));
    warnings.push(
      `topic ${name} is known by its folders only: ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}; its settings are lost, and ` +
        (isOffsets
          ? "those of the broker's own topic hold"
          : 'it keeps everything until you set them'),
    );
  }
}

function withPartitions(topic: TopicRecord, count: number, nodeId: number): TopicRecord {
  const replicas = Array.from({ length: count }, (_, at) => topic.replicas[at] ?? [nodeId]);
  return { ...topic, replicas };
}

function nodeIdOf(entries: ReadonlyMap<string, StoredEntry>): number | null {
  const node = entries.get(NODE_KEY)?.value as NodeRecord | undefined;
  if (node !== undefined) return node.nodeId;
  for (const [key, { value }] of entries) {
    const [first] = key.startsWith(TOPICS_PREFIX) ? ((value as TopicRecord).replicas[0] ?? []) : [];
    if (first !== undefined) return first;
  }
  return null;
}

function byTopic(
  folders: MetadataSources['folders'],
): Map<string, MetadataSources['folders'][number][]> {
  const topics = new Map<string, MetadataSources['folders'][number][]>();
  for (const folder of folders) {
    const known = topics.get(folder.topic);
    if (known === undefined) topics.set(folder.topic, [folder]);
    else known.push(folder);
  }
  return topics;
}
