import type { LogSettings } from '../../engine/index.js';
import type { TopicSettings } from '../settings/topic-settings.js';

/** The settings of a topic that concern its logs, under the engine's names. */
export function logSettingsOf(topic: TopicSettings, producerExpirationMs: number): LogSettings {
  return {
    flush: topic.flush,
    flushRecords: topic.flushMessages,
    flushMs: topic.flushMs,
    segmentBytes: topic.segmentBytes,
    segmentMs: topic.segmentMs,
    segmentJitterMs: topic.segmentJitterMs,
    segmentIndexBytes: topic.segmentIndexBytes,
    indexIntervalBytes: topic.indexIntervalBytes,
    retentionMs: topic.retentionMs,
    retentionBytes: topic.retentionBytes,
    fileDeleteDelayMs: topic.fileDeleteDelayMs,
    maxBatchBytes: topic.maxMessageBytes,
    timestampType: topic.timestampType,
    timestampBeforeMaxMs: topic.timestampBeforeMaxMs,
    timestampAfterMaxMs: topic.timestampAfterMaxMs,
    compacted: topic.cleanupPolicy.compact,
    minCleanableDirtyRatio: topic.minCleanableDirtyRatio,
    minCompactionLagMs: topic.minCompactionLagMs,
    maxCompactionLagMs: topic.maxCompactionLagMs,
    deleteRetentionMs: topic.deleteRetentionMs,
    deletes: topic.cleanupPolicy.delete,
    validate: topic.validate,
    compression: topic.compression,
    compressionLevel: topic.compressionLevel,
    producerExpirationMs,
  };
}
