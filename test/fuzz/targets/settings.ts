import { AlterChanges, alterOperations } from '../../../server/settings/alter.js';
import { brokerKeys } from '../../../server/settings/broker-keys.js';
import { environmentSettings, variableOfKey } from '../../../server/settings/environment.js';
import { parseListeners } from '../../../server/settings/listeners.js';
import { resolveBrokerSettings, SettingsError } from '../../../server/settings/parse.js';
import { parseProperties } from '../../../server/settings/properties.js';
import { topicKeys } from '../../../server/settings/topic-keys.js';
import {
  resolveTopicSettings,
  validateTopicOverrides,
} from '../../../server/settings/topic-settings.js';
import type { FuzzRandom } from '../lib/fuzz-random.js';
import { EDGES, mutate, noise } from '../lib/mutate.js';
import { orRefused } from '../lib/refusal.js';
import { BrokenPromise, stateless, type Target } from '../lib/target.js';

const TOPIC_NAMES = [...topicKeys.keys(), '__proto__', 'constructor', 'x'];
const BROKER_NAMES = [...brokerKeys.keys(), '__proto__', 'toString', 'x'];
const VALUES = [
  '',
  ' ',
  '-1',
  '0.5',
  '1e3',
  '0x10',
  '9223372036854775807',
  '9223372036854775808',
  'true',
  'TRUE',
  'delete',
  'delete,compact',
  'compact,compact',
  'LogAppendTime',
  'producer',
  'gzip',
  'ack',
  'records',
  'PLAINTEXT://:9092',
  'A://[::1]:0,B://h:99999',
  '💥',
  'x'.repeat(5_000),
];
const LISTENERS = [
  'PLAINTEXT://:9092',
  'A://[::1]:0,B://host.example:9093',
  'PLAINTEXT://0.0.0.0:1',
  'A:PLAINTEXT,B:SSL',
].map((text) => Buffer.from(text));
const FILE = Buffer.from(
  '# comment\nnode.id=1\nlog.retention.ms = 1000\\\n  0\n!x\nlisteners: A://:0\n\\u0041b=\\tc\n',
);

function valueFor(random: FuzzRandom): string {
  if (random.once(3)) return String(random.pick(EDGES));
  const value = random.pick(VALUES);
  return random.once(6) ? mutate(random, Buffer.from(value)).toString() : value;
}

/** Names and values in turn, as a JSON list. */
function pairsOf(names: readonly string[]) {
  return (random: FuzzRandom): Buffer => {
    const pairs: string[] = [];
    for (let left = 1 + random.below(4); left > 0; left--) {
      pairs.push(random.pick(names), valueFor(random));
    }
    return Buffer.from(JSON.stringify(pairs));
  };
}

function pairsIn(input: Buffer): [name: string, value: string][] {
  const texts = JSON.parse(input.toString()) as string[];
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < texts.length; at += 2) pairs.push([texts[at]!, texts[at + 1]!]);
  return pairs;
}

/** What may be stored can be used. */
const topic = stateless('settings.topic', pairsOf(TOPIC_NAMES), (input) => {
  const overrides = Object.fromEntries(pairsIn(input));
  if ([...validateTopicOverrides(overrides)].length > 0) return;
  for (const value of Object.values(resolveTopicSettings(overrides, {}, {}))) {
    if (value === undefined || Number.isNaN(value)) throw new BrokenPromise('a setting of nothing');
  }
});

const alter = stateless('settings.alter', pairsOf(TOPIC_NAMES), (input) => {
  const changes = new AlterChanges('topic');
  for (const [at, [name, value]] of pairsIn(input).entries()) {
    const operation = alterOperations[(value.length + at) % alterOperations.length]!;
    if (changes.add({ name, operation, value: value === '' ? null : value }) !== null) return;
  }
  const altered = changes.applyTo({ 'retention.ms': '1' });
  if (altered.ok) resolveTopicSettings(altered.overrides, {}, {});
});

const broker = stateless('settings.broker', pairsOf(BROKER_NAMES), (input) => {
  const sets = pairsIn(input).map(([name, value]) => `${name}=${value}`);
  orRefused(SettingsError, () => resolveBrokerSettings({ sets }));
});

const environment = stateless('settings.environment', pairsOf(BROKER_NAMES), (input) => {
  const variables = Object.fromEntries(
    pairsIn(input).map(([name, value]) => [variableOfKey(name), value]),
  );
  environmentSettings(variables);
  orRefused(SettingsError, () => resolveBrokerSettings({ environment: variables }));
});

const properties = stateless(
  'settings.properties',
  (random) => (random.once(20) ? noise(random, 200) : mutate(random, FILE)),
  (input) => {
    const fileText = input.toString('utf8');
    const lines = fileText.split(/\r\n|\r|\n/).length;
    for (const { line } of parseProperties(fileText).properties) {
      if (line < 1 || line > lines) throw new BrokenPromise(`line ${line} of ${lines}`);
    }
    // Looking for the nearest of all names takes a millisecond for each that is unknown.
    if (input.length % 32 !== 0) return;
    orRefused(SettingsError, () => resolveBrokerSettings({ fileText, fileName: 'f' }));
  },
);

const listeners = stateless(
  'settings.listeners',
  (random) => mutate(random, random.pick(LISTENERS), random.pick(LISTENERS)),
  (input) => {
    const text = input.toString();
    for (const advertisedListeners of [null, text]) {
      const { listeners: parsed } = parseListeners({
        listeners: text,
        advertisedListeners,
        protocolMap: text,
        controllerListenerNames: null,
      });
      for (const { port } of parsed) {
        if (port < 0 || port > 65_535) throw new BrokenPromise(`port ${port}`);
      }
    }
  },
);

export const SETTINGS_TARGETS: readonly Target[] = [
  topic,
  alter,
  broker,
  environment,
  properties,
  listeners,
];
