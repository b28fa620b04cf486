/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The package: a whole broker inside a program or a test. The log without a broker is
 * `odradek/engine`.
 */

export type { Clock, EngineProgress, Timer } from '../engine/index.js';
export { ManualClock } from '../engine/index.js';
export type { BrokerRecord, RecordEncoding } from './double/broker-record.js';
export type {
  GroupCondition,
  RecordsCondition,
  RequestsCondition,
  SettledGroup,
} from './double/conditions.js';
export type { RecordsQuery } from './double/records.js';
export type { BrokerClock, RunningBroker } from './double/running-broker.js';
export type { SeedRecord, SeedTopic, SeedTopics } from './double/seed.js';
export { type StartBrokerOptions, startBroker } from './double/start-broker.js';
export { TestBrokerError, type TestBrokerErrorCode } from './double/test-broker-error.js';
export type { UntilOptions } from './double/until.js';
export type { LogFields, Logger } from './logging/log.js';
export { SettingsError } from './settings/parse.js';
export type { Duration } from './testing/duration.js';
export type { DisconnectOptions, Fault, FaultApi, FaultOptions, Faults } from './testing/faults.js';
export type { KafkaRelease } from './testing/kafka-releases.js';
export type { PinnedVersions } from './testing/pinned-versions.js';
export type { RequestFilter, TrackedRequest } from './testing/request-log.js';
