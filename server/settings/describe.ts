import { brokerKeys, brokerSynonyms } from './broker-keys.js';
import { documentationOf, isSensitive, type Setting, type SettingType } from './setting.js';
import { topicKeys } from './topic-keys.js';
import {
  effectiveTopicText,
  resolveTopicSettings,
  type SettingTexts,
  textOf,
} from './topic-settings.js';
import { parseValue } from './value.js';

/** ConfigSource on the wire (DescribeConfigs v1+). */
export const configSource = {
  dynamicTopic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
} as const;

/** ConfigType on the wire (DescribeConfigs v3+). */
export const configType: Readonly<Record<SettingType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
};

export interface ConfigSynonym {
  readonly name: string;
  readonly value: string | null;
  readonly source: number;
}

/** One line of a DescribeConfigs answer; every number is the wire's. */
export interface ConfigEntry {
  readonly name: string;
  readonly value: string | null;
  readonly readOnly: boolean;
  readonly source: number;
  readonly sensitive: boolean;
  readonly synonyms: readonly ConfigSynonym[];
  readonly type: number;
  readonly documentation: string;
}

/** The broker's layers, strongest first; the defaults of the table come after them. */
export interface BrokerLayers {
  /** Changed while running, for this broker. */
  readonly dynamic: SettingTexts;
  /** Changed while running, for every broker. */
  readonly dynamicDefault: SettingTexts;
  /** `brokerStatic` of `resolveBrokerSettings`. */
  readonly brokerStatic: SettingTexts;
}

/** Both dynamic layers as one, this broker's value first, for `resolveTopicSettings`. */
export function mergedDynamic(layers: BrokerLayers): SettingTexts {
  return { ...layers.dynamicDefault, ...layers.dynamic };
}

/**
 * A topic's settings, sorted by name. `names` picks some of them, as the request does; unknown ones
 * are left out, as in Kafka.
 */
export function describeTopic(
  overrides: SettingTexts,
  layers: BrokerLayers,
  names: readonly string[] | null = null,
): ConfigEntry[] {
  const dynamic = mergedDynamic(layers);
  const entries: ConfigEntry[] = [];
  for (const setting of topicKeys.values()) {
    if (names !== null && !names.includes(setting.name)) continue;
    const text = effectiveTopicText(setting, overrides, dynamic, layers.brokerStatic);
    const own = textOf(overrides, setting.name);
    const brokerKey = setting.brokerKeys[0]?.name;
    const synonyms = brokerKey === undefined ? [] : synonymsOf(brokerKey, layers);
    if (own !== undefined) {
      const value = canonical(setting, own);
      synonyms.unshift({ name: setting.name, value, source: configSource.dynamicTopic });
    }
    const value =
      setting.name === 'odradek.flush'
        ? resolveTopicSettings(overrides, dynamic, layers.brokerStatic).flush
        : canonical(setting, text);
    entries.push(entryOf(setting, value, synonyms, false));
  }
  return entries;
}

/** This broker's settings, sorted by name. `names` as in `describeTopic`. */
export function describeBroker(
  layers: BrokerLayers,
  names: readonly string[] | null = null,
): ConfigEntry[] {
  const entries: ConfigEntry[] = [];
  for (const setting of brokerKeys.values()) {
    if (names !== null && !names.includes(setting.name)) continue;
    const text =
      textOf(layers.dynamic, setting.name) ??
      textOf(layers.dynamicDefault, setting.name) ??
      textOf(layers.brokerStatic, setting.name) ??
      setting.defaultText;
    const synonyms = synonymsOf(setting.name, layers);
    entries.push(
      entryOf(setting, text === null ? null : canonical(setting, text), synonyms, !setting.dynamic),
    );
  }
  return entries;
}

/**
 * The settings that were changed for every broker while running: the answer for the broker named
 * "".
 */
export function describeBrokerDefaults(
  dynamicDefault: SettingTexts,
  names: readonly string[] | null = null,
): ConfigEntry[] {
  const layers = { dynamic: {}, dynamicDefault, brokerStatic: {} };
  return describeBroker(layers, names)
    .filter(({ name }) => textOf(dynamicDefault, name) !== undefined)
    .map((entry) => ({
      ...entry,
      synonyms: entry.synonyms.filter(({ source }) => source === configSource.dynamicDefaultBroker),
    }));
}

/**
 * Kafka's synonyms of a broker key: its chain in each layer, strongest layer first, from the first
 * entry that carries the key's own name on. A value that only a coarser unit holds therefore shows
 * no synonym and the source "default", in Kafka as here.
 */
function synonymsOf(key: string, layers: BrokerLayers): ConfigSynonym[] {
  const chain = brokerSynonyms(key);
  const synonyms: ConfigSynonym[] = [];
  const add = (read: (name: string) => string | null | undefined, source: number): void => {
    for (const name of chain) {
      const value = read(name) ?? null;
      if (value !== null) synonyms.push({ name, value, source });
    }
  };
  add((name) => textOf(layers.dynamic, name), configSource.dynamicBroker);
  add((name) => textOf(layers.dynamicDefault, name), configSource.dynamicDefaultBroker);
  add((name) => textOf(layers.brokerStatic, name), configSource.staticBroker);
  add((name) => brokerKeys.get(name)?.defaultText, configSource.default);
  const first = synonyms.findIndex(({ name }) => name === key);
  return first === -1 ? [] : synonyms.slice(first);
}

function entryOf(
  setting: Setting,
  value: string | null,
  synonyms: readonly ConfigSynonym[],
  readOnly: boolean,
): ConfigEntry {
  const sensitive = isSensitive(setting);
  return {
    name: setting.name,
    value: sensitive ? null : value,
    readOnly,
    source: synonyms[0]?.source ?? configSource.default,
    sensitive,
    synonyms: sensitive ? synonyms.map((synonym) => ({ ...synonym, value: null })) : synonyms,
    type: configType[setting.type],
    documentation: documentationOf(setting),
  };
}

function canonical(setting: Setting, text: string): string {
  const parsed = parseValue(setting, text);
  return parsed.ok ? parsed.text : text;
}
