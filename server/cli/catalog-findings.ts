import { join } from 'node:path';
import {
  CATALOG_FILE,
  type CatalogInspection,
  IDENTITY_FILE,
  type inspectIdentity,
  type PartitionFolder,
} from '../../engine/index.js';
import { hasBrokerLogs, knowsNoLog } from '../metadata/broker-logs.js';
import { TOPICS_PREFIX, type TopicRecord } from '../metadata/records.js';
import { storedMetadata } from '../metadata/stored-metadata.js';
import { counted } from './counted.js';
import { CLI_LIMITS } from './limits.js';

/** Everything that is read before the command decides anything. */
export interface Found {
  readonly root: string;
  readonly identity: Awaited<ReturnType<typeof inspectIdentity>>;
  readonly catalog: CatalogInspection;
  readonly metadata: CatalogInspection;
  readonly folders: readonly PartitionFolder[];
  /** Whether one of the folders has a segment. */
  readonly hasSegments: boolean;
  /** Names of folders that a start has set aside. */
  readonly strays: readonly string[];
}

/** The files that tell whether a missing one is missed. */
type Catalogs = Pick<Found, 'catalog' | 'metadata' | 'hasSegments'>;

/**
 * A missing `metadata.mdb` is damage where its copy says that there was one, and so are two missing
 * files where there are logs: of a new directory neither is missed.
 */
export function needsRebuild(found: Found): boolean {
  if (found.identity !== 'sound') return true;
  if (found.catalog.state === 'damaged' || found.metadata.state === 'damaged') return true;
  return isCatalogMissed(found) || isMetadataMissed(found);
}

/** It is lost, or an older file was put in its place. */
export function isMetadataMissed({ catalog, metadata, hasSegments }: Catalogs): boolean {
  if (storedMetadata(catalog).revision > storedMetadata(metadata).revision) return true;
  if (metadata.state !== 'missing') return false;
  const isNothingKnown = catalog.state !== 'damaged' && knowsNoLog(catalog.entries);
  return hasBrokerLogs(catalog.entries) || (hasSegments && isNothingKnown);
}

export function isCatalogMissed({ catalog, metadata, hasSegments }: Catalogs): boolean {
  return catalog.state === 'missing' && (metadata.state !== 'missing' || hasSegments);
}

/** Folders that a start has set aside, among them those that a lost catalog no longer knew. */
export function strayLines({ root, strays }: Found): string[] {
  if (strays.length === 0) return [];
  const named = strays.slice(0, CLI_LIMITS.problemsShownMax).join(', ');
  const more = strays.length > CLI_LIMITS.problemsShownMax ? ', …' : '';
  const many = counted(strays.length, 'folder');
  return [
    `${root}: ${many} of unknown topics set aside, neither served nor deleted: ${named}${more}`,
    '  docs/reliability.md says how one comes back',
  ];
}

export function identityLine({ root, identity }: Found): string {
  return `${join(root, IDENTITY_FILE)}: ${identity}`;
}

/** The state of a file, and its problems, indented. */
export function stateLines({ path, state, entries, problems }: CatalogInspection): string[] {
  if (state === 'missing') return [`${path}: missing`];
  if (state === 'sound') return [`${path}: ${counted(entries.length, 'entry', 'entries')}, sound`];
  const shown = problems.slice(0, CLI_LIMITS.problemsShownMax);
  const more = problems.length - shown.length;
  return [
    `${path}: damaged, ${counted(entries.length, 'entry', 'entries')} can be read`,
    ...shown.map((problem) => `  ${problem}`),
    ...(more > 0 ? [`  and ${counted(more, 'more problem')}`] : []),
  ];
}

/** One finding for each file, with its consequences indented. */
export function fileFindings(found: Found): string[] {
  const { catalog, metadata, folders } = found;
  const lines = found.identity === 'sound' ? [] : [identityLine(found)];
  lines.push(...stateLines(catalog));
  if (isCatalogMissed(found)) lines.push('  without it the next start reads every log');
  const own = storedMetadata(metadata);
  const copy = storedMetadata(catalog);
  const isOld = metadata.state === 'sound' && copy.revision > own.revision;
  if (isOld) {
    lines.push(
      `${metadata.path}: older than its copy in ${CATALOG_FILE} (revision ${own.revision}, the copy has ${copy.revision})`,
    );
  } else lines.push(...stateLines(metadata));
  if (metadata.state === 'sound' && !isOld) return lines;
  if (metadata.state === 'missing' && !isMetadataMissed(found)) return lines;
  if (!isOld && copy.revision > 0) {
    lines.push(`  its copy in ${CATALOG_FILE} has revision ${copy.revision}`);
  }
  if (folders.length > 0) {
    const many = counted(folders.length, 'partition folder');
    lines.push(`  ${many} cannot be held against it`);
  }
  return lines;
}

/** Folders that do not fit the topics, where these are known for certain. */
export function folderProblems(found: Found): string[] {
  const { metadata, folders } = found;
  if (metadata.state !== 'sound' || isMetadataMissed(found)) return [];
  const { entries } = storedMetadata(metadata);
  const problems: string[] = [];
  for (const { folder, topic, partition, topicId } of folders) {
    const record = entries.get(TOPICS_PREFIX + topic)?.value as TopicRecord | undefined;
    if (record === undefined) problems.push(`${folder}: no topic of that name is known`);
    else if (partition >= record.replicas.length) {
      const count = counted(record.replicas.length, 'partition');
      problems.push(`${folder}: topic ${topic} has ${count}`);
    } else if (topicId !== record.id) {
      problems.push(
        `${folder}: partition.metadata has ${topicId ?? 'no topic id'}, the topic is ${record.id}`,
      );
    }
  }
  return problems;
}

/** The advice for these findings: a rebuild does not change folders. */
export function advice(found: Found): string {
  return needsRebuild(found)
    ? `damage was found; 'odradek catalog rebuild ${found.root}' restores what can be`
    : 'the catalogs are sound; the next start of the broker sets folders of unknown topics and partitions aside as -stray, ' +
        'and writes partition.metadata again, or says in its log why it does not';
}
