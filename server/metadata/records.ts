import type { SettingTexts } from '../settings/topic-settings.js';

/**
 * The records of the metadata store, with their keys. All are plain data.
 *
 * ```text
 * cluster                       ClusterRecord          written once
 * node                          NodeRecord             written once
 * topics/NAME                   TopicRecord            one record, so a topic exists whole or not at all
 * deleted-topics/ID             DeletedTopicRecord     until the last file is out of the way
 * broker-settings/NODE          SettingTexts           NODE is empty for every broker
 * producer-ids                  ProducerIdsRecord      moved on before an id of the block is handed out
 * ```
 */
export const CLUSTER_KEY = 'cluster';
export const NODE_KEY = 'node';
export const PRODUCER_IDS_KEY = 'producer-ids';
export const TOPICS_PREFIX = 'topics/';
export const DELETED_TOPICS_PREFIX = 'deleted-topics/';
export const BROKER_SETTINGS_PREFIX = 'broker-settings/';

export interface ClusterRecord {
  readonly clusterId: string;
}

/** The node that a single node's store belongs to. */
export interface NodeRecord {
  readonly nodeId: number;
}

export interface TopicRecord {
  readonly id: string;
  /** Node ids by partition number; the first is the preferred leader. */
  readonly replicas: readonly (readonly number[])[];
  readonly overrides: SettingTexts;
}

export interface DeletedTopicRecord {
  readonly name: string;
  readonly partitionCount: number;
}

export interface ProducerIdsRecord {
  /** First id that no block holds yet. */
  readonly nextId: number;
}
