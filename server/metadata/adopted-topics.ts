import type { Logger } from '../logging/log.js';
import type { SettingTexts } from '../settings/topic-settings.js';
import { DELETED_TOPICS_PREFIX, TOPICS_PREFIX, type TopicRecord } from './records.js';
import type { MetadataStore } from './store.js';
import { isInternalTopic } from './topic-name.js';

/**
 * For a topic whose settings are unknown: so is its retention, and deleted records do not come
 * back.
 */
export const KEEP_EVERYTHING: SettingTexts = { 'retention.ms': '-1', 'retention.bytes': '-1' };

/** A log of a program in the data directory. */
export interface ProgramLog {
  readonly name: string;
  readonly topicId: string;
}

/** A partition that has files, by its folder. */
export interface PartitionOnDisk {
  readonly topic: string;
  readonly partition: number;
}

/** What is done with a log that a program made, and why it is left alone. */
export type Adoption = 'adopt' | 'known' | 'deleted' | 'internal' | 'several partitions';

/** `known`: by key, as in the metadata store. */
export function judgeAdoption(
  { name, topicId }: ProgramLog,
  known: ReadonlySet<string>,
  folders: readonly PartitionOnDisk[],
): Adoption {
  if (known.has(TOPICS_PREFIX + name)) return 'known';
  if (known.has(DELETED_TOPICS_PREFIX + topicId)) return 'deleted';
  if (isInternalTopic(name)) return 'internal';
  // A program opens partition 0 of a broker's topic as well: that one is not the program's.
  const isAlone = !folders.some(({ topic, partition }) => topic === name && partition > 0);
  return isAlone ? 'adopt' : 'several partitions';
}

/**
 * Makes topics of the logs that a program has made in the data directory, each of one partition,
 * with its id and everything in it. A topic comes whole or not at all; a crash in between leaves
 * the others for the next start.
 */
export async function adoptProgramLogs(options: {
  readonly store: MetadataStore;
  readonly logs: readonly ProgramLog[];
  readonly onDisk: () => Promise<readonly PartitionOnDisk[]>;
  readonly nodeId: number;
  readonly logger: Logger;
}): Promise<void> {
  const { store, logs, onDisk, nodeId, logger } = options;
  if (logs.length === 0) return;
  const { entries } = await store.range('');
  const known = new Set(entries.map(({ key }) => key));
  const folders = await onDisk();
  for (const log of logs) {
    if (judgeAdoption(log, known, folders) !== 'adopt') continue;
    const key = TOPICS_PREFIX + log.name;
    const value: TopicRecord = {
      id: log.topicId,
      replicas: [[nodeId]],
      overrides: KEEP_EVERYTHING,
    };
    const outcome = await store.transact({
      conditions: [{ key, revision: 0 }],
      changes: [{ key, value }],
    });
    if (!outcome.committed) continue;
    logger.info(
      { topic: log.name },
      'a log that a program made in this directory is a topic from now on; it keeps everything until its retention is set',
    );
  }
}
