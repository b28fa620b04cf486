import { EngineError } from '../../engine/index.js';
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

/**
 * What is done with a log that a program made, and why it is left alone. `renew`: the topic of its
 * name was a log that the program has deleted since, and has made anew.
 */
export type Adoption = 'adopt' | 'renew' | 'conflict' | Alone;

/** It is a topic already, or none of the program's own. */
type Alone = 'known' | 'deleted' | 'internal' | 'several partitions';

/** `known`: the records of the metadata store, by key. */
export function judgeAdoption(
  { name, topicId }: ProgramLog,
  known: ReadonlyMap<string, unknown>,
  folders: readonly PartitionOnDisk[],
): Adoption {
  const topic = known.get(TOPICS_PREFIX + name) as TopicRecord | undefined;
  if (topic?.id === topicId) return 'known';
  if (known.has(DELETED_TOPICS_PREFIX + topicId)) return 'deleted';
  if (isInternalTopic(name)) return 'internal';
  // A program opens partition 0 of a broker's topic as well: that one is not the program's.
  const isAlone = !folders.some(({ topic, partition }) => topic === name && partition > 0);
  if (topic === undefined) return isAlone ? 'adopt' : 'several partitions';
  return isAlone && topic.replicas.length === 1 ? 'renew' : 'conflict';
}

/**
 * Makes topics of the logs that a program has made in the data directory, each of one partition,
 * with its id and everything in it. A topic comes whole or not at all; a crash in between leaves
 * the others for the next start. Offsets that groups have committed in a topic of before go with
 * its id.
 *
 * Rejects NAME_CONFLICT, having changed nothing, where a topic of several partitions has the name:
 * the log would be set aside under the program's feet.
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
  const known = new Map(entries.map(({ key, value }) => [key, value]));
  const revisions = new Map(entries.map(({ key, revision }) => [key, revision]));
  const folders = await onDisk();
  const judged = logs.map((log) => ({ log, adoption: judgeAdoption(log, known, folders) }));
  for (const { log, adoption } of judged) if (adoption === 'conflict') throw conflict(log);
  for (const { log, adoption } of judged) {
    if (adoption !== 'adopt' && adoption !== 'renew') continue;
    const key = TOPICS_PREFIX + log.name;
    const value: TopicRecord = {
      id: log.topicId,
      replicas: [[nodeId]],
      overrides: KEEP_EVERYTHING,
    };
    const outcome = await store.transact({
      conditions: [{ key, revision: revisions.get(key) ?? 0 }],
      changes: [{ key, value }],
    });
    if (!outcome.committed) continue;
    logger.info(
      { topic: log.name },
      'a log that a program made in this directory is a topic from now on; it keeps everything until its retention is set',
    );
  }
}

function conflict({ name }: ProgramLog): EngineError {
  return new EngineError(
    'NAME_CONFLICT',
    `a program has made a log '${name}' in this directory, and there is another topic ${name} of several partitions: move the folder ${name}-0 out of the directory, or delete the log by the program, then start again`,
  );
}
