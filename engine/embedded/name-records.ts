import type { Catalog, CatalogChange, CatalogKey } from '../catalog/catalog.js';
import type { PartitionName } from '../log/partition-log.js';

/** Of the names that programs gave to logs. */
export const NAMES_PREFIX = ['topic'] as const;

/** `['topic', name]`: the id of the log that a program opened by this name. */
export function nameKey(name: string): CatalogKey {
  return [...NAMES_PREFIX, name];
}

/** Of the cursors on a log, by their names. */
export function cursorsPrefix(topicId: string): CatalogKey {
  return ['cursor', topicId];
}

/** `['table', topic id]`: the log was a table, and may be compacted. */
export function tableKey(topicId: string): CatalogKey {
  return ['table', topicId];
}

/**
 * The changes with which a partition that is deleted, by whomever, takes along what programs noted
 * of it: otherwise a log made anew under the name would get its id, and cursors that skip records.
 */
export function namesRemoval(
  catalog: Catalog,
  { topic, topicId, partition }: PartitionName,
): CatalogChange[] {
  // Programs know partition 0 alone.
  if (partition !== 0) return [];
  const keys = [...catalog.range(cursorsPrefix(topicId))].map(({ key }) => key);
  if (catalog.get(tableKey(topicId)) !== undefined) keys.push(tableKey(topicId));
  // The name may be that of a later log.
  if (catalog.get(nameKey(topic)) === topicId) keys.push(nameKey(topic));
  return keys.map((key) => ({ key, value: undefined }));
}
