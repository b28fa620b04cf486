import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { brokerKeys } from '../../../server/settings/broker-keys.js';
import {
  type ConfigEntry,
  configSource,
  describeBroker,
  describeTopic,
} from '../../../server/settings/describe.js';
import { isSensitive } from '../../../server/settings/setting.js';
import { topicKeys } from '../../../server/settings/topic-keys.js';

interface GoldenKey {
  readonly name: string;
  readonly value: string | null;
  readonly sensitive: boolean;
  /** Of the sources that a stock broker without a file would have: the defaults. */
  readonly defaults: readonly { name: string; value: string }[];
}

function readGolden(file: string): GoldenKey[] {
  const url = new URL(`../../golden/settings/${file}`, import.meta.url);
  const lines = readFileSync(url, 'utf8').trimEnd().split('\n').slice(1);
  return lines.map((line) => {
    const [name = '', value = '', sensitive, ...synonyms] = line.split('\t');
    const defaults = synonyms.flatMap((synonym) => {
      const [, synonymName, synonymValue] = /^DEFAULT_CONFIG:([^=]+)=(.*)$/.exec(synonym) ?? [];
      return synonymName === undefined ? [] : [{ name: synonymName, value: synonymValue ?? '' }];
    });
    const isSet = synonyms.some((synonym) => synonym.startsWith('STATIC_BROKER_CONFIG:'));
    const byDefault = defaults.find((each) => each.name === name)?.value ?? null;
    const stock = isSet ? byDefault : value === 'null' ? null : value;
    return { name, value: stock, sensitive: sensitive === 'true', defaults };
  });
}

const noLayers = { dynamic: {}, dynamicDefault: {}, brokerStatic: {} };
const ownKeys = ['odradek.flush', 'odradek.validate'];
const ownBrokerKeys = [
  ...ownKeys,
  'odradek.cluster.id',
  'odradek.fetch.max.wait.ms',
  'odradek.sendfile.enable',
];

/** Broker keys whose default is not Kafka's, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  'group.initial.rebalance.delay.ms': 'on one node a lone consumer should start at once',
  'group.max.size': 'a rebalance of more members takes seconds, and their record fits no batch',
  listeners: 'a broker without a file is reachable from this machine only',
  'log.dir': '/tmp loses data; the default is a folder in the working directory',
  'node.id': 'Kafka has no default and does not start without; ours is node 1',
  'offsets.topic.replication.factor': 'one copy is what there is, and the answer says so',
  'share.coordinator.state.topic.min.isr': 'one copy is what there is, and the answer says so',
  'share.coordinator.state.topic.replication.factor': 'one copy is what there is',
  'transaction.state.log.min.isr': 'one copy is what there is, and the answer says so',
  'transaction.state.log.replication.factor': 'one copy is what there is, and the answer says so',
};

function defaultsOf(entry: ConfigEntry): { name: string; value: string | null }[] {
  return entry.synonyms
    .filter(({ source }) => source === configSource.default)
    .map(({ name, value }) => ({ name, value }));
}

describe('the golden list of topic keys', () => {
  const golden = readGolden('topic-configs.tsv');
  const entries = new Map(describeTopic({}, noLayers).map((entry) => [entry.name, entry]));

  test('holds our keys and no others, but for our own two', () => {
    expect([...entries.keys()].filter((name) => !ownKeys.includes(name))).toEqual(
      golden.map(({ name }) => name).sort(),
    );
    expect(ownKeys.every((name) => entries.has(name))).toBe(true);
  });

  test.each(golden)('agrees on $name', ({ name, value, sensitive, defaults }) => {
    const entry = entries.get(name)!;
    expect(entry).toMatchObject({
      value,
      sensitive,
      readOnly: false,
      source: configSource.default,
    });
    expect(defaultsOf(entry)).toEqual(defaults);
  });
});

describe('the golden list of broker keys', () => {
  const golden = readGolden('broker-configs.tsv');
  const entries = new Map(describeBroker(noLayers).map((entry) => [entry.name, entry]));

  test('holds our keys and no others, but for our own three', () => {
    expect([...entries.keys()].filter((name) => !ownBrokerKeys.includes(name))).toEqual(
      golden.map(({ name }) => name).sort(),
    );
    expect(ownBrokerKeys.every((name) => entries.has(name))).toBe(true);
  });

  test.each(golden.filter(({ name }) => !(name in exceptions)))(
    'agrees on $name',
    ({ name, value, sensitive, defaults }) => {
      const entry = entries.get(name)!;
      expect(entry).toMatchObject({ value, sensitive, source: configSource.default });
      expect(defaultsOf(entry)).toEqual(defaults);
    },
  );

  test.each(Object.keys(exceptions))('differs on %s, as stated', (name) => {
    const kafka = golden.find((each) => each.name === name)!;
    expect(entries.get(name)?.value).not.toBe(kafka.value);
  });
});

describe('the tables', () => {
  test('give a reason for every key that is refused and a line for every key that takes effect', () => {
    for (const setting of [...brokerKeys.values(), ...topicKeys.values()]) {
      expect(setting.reason !== null, setting.name).toBe(setting.effect === 'promise');
      expect(setting.doc !== null, setting.name).toBe(setting.effect === 'takes-effect');
    }
  });

  test('give every topic key that has a broker key the same type and default there', () => {
    for (const topic of topicKeys.values()) {
      const key = topic.brokerKeys[0];
      if (key === undefined) continue;
      const broker = brokerKeys.get(key.name);
      expect(broker?.type, topic.name).toBe(topic.type);
      if (broker?.defaultText != null) expect(broker.defaultText).toBe(topic.defaultText);
    }
  });

  test('count passwords, and only them, as secrets', () => {
    const secrets = [...brokerKeys.values()].filter(isSensitive).map(({ name }) => name);
    const golden = readGolden('broker-configs.tsv').filter(({ sensitive }) => sensitive);
    expect(secrets.sort()).toEqual(golden.map(({ name }) => name).sort());
  });
});
