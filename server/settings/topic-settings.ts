import type { CodecName } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import { nearestText } from './nearest-text.js';
import { type TopicSetting, topicKeys } from './topic-keys.js';
import { equalsDefault, parseValue, type SettingValue, showPair, tooLong } from './value.js';

/** When a produce is answered: after its sync, or once written. */
export type Flush = 'ack' | 'interval' | 'os';

/** The settings of one topic, ready to use. Infinity stands for "no limit" and "never". */
export interface TopicSettings {
  readonly cleanupPolicy: { readonly delete: boolean; readonly compact: boolean };
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly segmentBytes: number;
  readonly segmentMs: number;
  readonly segmentJitterMs: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
  readonly maxMessageBytes: number;
  readonly timestampType: 'create' | 'append';
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  readonly flush: Flush;
  /** Both hold under flush 'interval'; whichever comes first. */
  readonly flushMessages: number;
  readonly flushMs: number;
  readonly fileDeleteDelayMs: number;
  readonly minInsyncReplicas: number;
  readonly validate: 'header' | 'records';
  /** Codec in which batches are stored; 'producer': as they came. */
  readonly compression: 'producer' | CodecName;
  /** The level of that codec; null for the codec's own default. */
  readonly compressionLevel: number | null;
  readonly minCleanableDirtyRatio: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly deleteRetentionMs: number;
}

/** Texts by key; keys that a layer does not set are absent. */
export type SettingTexts = Readonly<Record<string, string>>;

/** The problem of one key of a topic. On the wire: INVALID_CONFIG with the message. */
export interface TopicProblem {
  readonly name: string;
  readonly message: string;
}

/**
 * The settings of a topic by Kafka's precedence: the topic's own, the broker's changed while
 * running, the broker's at its start, the default. The layers hold valid values: those that
 * `validateTopicOverrides`, `applyAlterConfigs` and `resolveBrokerSettings` let through. A value
 * that is not valid throws.
 */
export function resolveTopicSettings(
  overrides: SettingTexts,
  brokerDynamic: SettingTexts,
  brokerStatic: SettingTexts,
): TopicSettings {
  const value = <T extends SettingValue>(name: string): T => {
    const setting = settingNamed(name);
    const text = effectiveTopicText(setting, overrides, brokerDynamic, brokerStatic);
    const parsed = parseValue(setting, text);
    if (!parsed.ok) throw new Error(`topic setting ${name}=${text}: expected ${parsed.expected}`);
    return parsed.value as T;
  };
  const policies = value<readonly string[]>('cleanup.policy');
  const flush = effectiveFlush(overrides, brokerDynamic, brokerStatic);
  const flushMessages = value<number>('flush.messages');
  const flushMs = value<number>('flush.ms');
  const hasInterval =
    flushMs !== Number.POSITIVE_INFINITY || flushMessages !== Number.POSITIVE_INFINITY;
  return {
    cleanupPolicy: { delete: policies.includes('delete'), compact: policies.includes('compact') },
    retentionMs: unlimited(value('retention.ms')),
    retentionBytes: unlimited(value('retention.bytes')),
    segmentBytes: value('segment.bytes'),
    segmentMs: value('segment.ms'),
    segmentJitterMs: value('segment.jitter.ms'),
    segmentIndexBytes: value('segment.index.bytes'),
    indexIntervalBytes: value('index.interval.bytes'),
    maxMessageBytes: value('max.message.bytes'),
    timestampType: value('message.timestamp.type') === 'LogAppendTime' ? 'append' : 'create',
    timestampBeforeMaxMs: value('message.timestamp.before.max.ms'),
    timestampAfterMaxMs: value('message.timestamp.after.max.ms'),
    flush,
    flushMessages,
    flushMs: flush === 'interval' && !hasInterval ? SERVER_LIMITS.flushIntervalMs : flushMs,
    fileDeleteDelayMs: value('file.delete.delay.ms'),
    minInsyncReplicas: value('min.insync.replicas'),
    validate: value<'header' | 'records'>('odradek.validate'),
    ...compressionOf(value('compression.type'), {
      gzip: value('compression.gzip.level'),
      zstd: value('compression.zstd.level'),
    }),
    minCleanableDirtyRatio: value('min.cleanable.dirty.ratio'),
    minCompactionLagMs: value('min.compaction.lag.ms'),
    maxCompactionLagMs: value('max.compaction.lag.ms'),
    deleteRetentionMs: value('delete.retention.ms'),
  };
}

const GZIP_DEFAULT_LEVEL = -1;

function compressionOf(
  type: 'producer' | 'uncompressed' | Exclude<CodecName, 'none'>,
  levels: { readonly gzip: number; readonly zstd: number },
): Pick<TopicSettings, 'compression' | 'compressionLevel'> {
  if (type === 'uncompressed') return { compression: 'none', compressionLevel: null };
  if (type === 'zstd') return { compression: type, compressionLevel: levels.zstd };
  const hasLevel = type === 'gzip' && levels.gzip !== GZIP_DEFAULT_LEVEL;
  return { compression: type, compressionLevel: hasLevel ? levels.gzip : null };
}

/**
 * Every problem of a topic's own settings, in their order; none if they may be stored. A message
 * costs more than finding the problem, so a caller that needs one problem takes only one.
 */
export function* validateTopicOverrides(
  overrides: Readonly<Record<string, string | null>>,
): Generator<TopicProblem, void> {
  const wrong = new Set<string>();
  for (const [name, text] of Object.entries(overrides)) {
    const message = problemOf(name, text);
    if (message === undefined) continue;
    wrong.add(name);
    yield { name, message };
  }
  const sound = Object.entries(overrides).filter(([name]) => !wrong.has(name));
  const message = lagProblem(Object.fromEntries(sound) as SettingTexts, {}, {});
  if (message !== undefined) yield { name: 'min.compaction.lag.ms', message };
}

/**
 * The problem that settings which are each valid have together, or with the settings of lower
 * layers: a shortest lag above the longest.
 */
export function lagProblem(
  overrides: SettingTexts,
  brokerDynamic: SettingTexts,
  brokerStatic: SettingTexts,
): string | undefined {
  const settings = resolveTopicSettings(overrides, brokerDynamic, brokerStatic);
  const { minCompactionLagMs: shortest, maxCompactionLagMs: longest } = settings;
  if (shortest <= longest) return undefined;
  return `min.compaction.lag.ms (${shortest}) must not be greater than max.compaction.lag.ms (${longest})`;
}

/** The text in effect for a topic key, in the topic key's unit. */
export function effectiveTopicText(
  setting: TopicSetting,
  overrides: SettingTexts,
  brokerDynamic: SettingTexts,
  brokerStatic: SettingTexts,
): string {
  const own = textOf(overrides, setting.name);
  if (own !== undefined) return own;
  for (const { name, factor } of setting.brokerKeys) {
    const text = textOf(brokerDynamic, name) ?? textOf(brokerStatic, name);
    if (text === undefined) continue;
    return factor === 1 || text === '-1' ? text : (BigInt(text) * BigInt(factor)).toString();
  }
  return setting.defaultText ?? '';
}

/** A record's own text; keys come from clients, so inherited members of objects must not count. */
export function textOf(texts: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(texts, name) ? texts[name] : undefined;
}

/**
 * The highest layer with a value decides. Within one, odradek.flush goes before flush.messages=1,
 * which is how a Kafka file asks for a sync before each answer.
 */
function effectiveFlush(
  overrides: SettingTexts,
  brokerDynamic: SettingTexts,
  brokerStatic: SettingTexts,
): Flush {
  const layers = [
    [textOf(overrides, 'odradek.flush'), textOf(overrides, 'flush.messages')],
    ...[brokerDynamic, brokerStatic].map((layer) => [
      textOf(layer, 'odradek.flush'),
      textOf(layer, 'log.flush.interval.messages'),
    ]),
  ];
  let sawMessages = false;
  for (const [flush, messages] of layers) {
    if (flush !== undefined) return flush.trim() as Flush;
    if (messages === undefined || sawMessages) continue;
    if (Number(messages) === 1) return 'ack';
    sawMessages = true;
  }
  return 'ack';
}

function problemOf(name: string, text: string | null): string | undefined {
  const setting = topicKeys.get(name);
  if (setting === undefined) {
    const shown = JSON.stringify(name.slice(0, 200));
    return `Unknown topic config name: ${shown}${nearestText('; the nearest one is ', name, topicKeys.keys())}`;
  }
  if (text === null) return `${name} has no value`;
  const long = tooLong(name, text);
  if (long !== undefined) return long;
  const parsed = parseValue(setting, text);
  if (!parsed.ok)
    return `Invalid value: ${showPair(setting, name, text)}: expected ${parsed.expected}`;
  if (setting.effect === 'promise' && !equalsDefault(setting, text)) {
    return `${showPair(setting, name, text)} is refused: ${setting.reason}`;
  }
  return undefined;
}

function unlimited(value: number): number {
  return value === -1 ? Number.POSITIVE_INFINITY : value;
}

function settingNamed(name: string): TopicSetting {
  const setting = topicKeys.get(name);
  if (setting === undefined) throw new Error(`no topic setting ${name}`);
  return setting;
}
