import { expect, test } from 'vitest';
import {
  type BrokerLayers,
  describeBroker,
  describeBrokerDefaults,
  describeTopic,
  mergedDynamic,
} from '../../../server/settings/describe.js';

const none: BrokerLayers = { dynamic: {}, dynamicDefault: {}, brokerStatic: {} };
const allLayers: BrokerLayers = {
  dynamic: { 'log.segment.bytes': '4000000' },
  dynamicDefault: { 'log.segment.bytes': '3000000' },
  brokerStatic: { 'log.segment.bytes': '2000000' },
};

test('a topic shows its own value first, then each layer of the broker', () => {
  const [entry] = describeTopic({ 'segment.bytes': ' 5000000' }, allLayers, ['segment.bytes']);
  expect(entry).toEqual({
    name: 'segment.bytes',
    value: '5000000',
    readOnly: false,
    source: 1,
    sensitive: false,
    synonyms: [
      { name: 'segment.bytes', value: '5000000', source: 1 },
      { name: 'log.segment.bytes', value: '4000000', source: 2 },
      { name: 'log.segment.bytes', value: '3000000', source: 3 },
      { name: 'log.segment.bytes', value: '2000000', source: 4 },
      { name: 'log.segment.bytes', value: '1073741824', source: 5 },
    ],
    type: 3,
    documentation: 'Size in bytes at which a new segment starts.',
  });
});

test('the strongest layer gives value and source', () => {
  const shown = (layers: BrokerLayers) => {
    const [topic] = describeTopic({}, layers, ['segment.bytes']);
    const [broker] = describeBroker(layers, ['log.segment.bytes']);
    expect(broker).toMatchObject({ value: topic?.value, source: topic?.source });
    return [topic?.value, topic?.source];
  };
  expect(shown(allLayers)).toEqual(['4000000', 2]);
  expect(shown({ ...allLayers, dynamic: {} })).toEqual(['3000000', 3]);
  expect(shown({ ...none, brokerStatic: allLayers.brokerStatic })).toEqual(['2000000', 4]);
  expect(shown(none)).toEqual(['1073741824', 5]);
  expect(mergedDynamic(allLayers)).toEqual({ 'log.segment.bytes': '4000000' });
});

test('retention in ms names the coarser units behind it, and hours alone name nothing, as in Kafka', () => {
  const both = { ...none, brokerStatic: { 'log.retention.ms': '9', 'log.retention.hours': '2' } };
  expect(describeTopic({}, both, ['retention.ms'])[0]).toMatchObject({
    value: '9',
    source: 4,
    synonyms: [
      { name: 'log.retention.ms', value: '9', source: 4 },
      { name: 'log.retention.hours', value: '2', source: 4 },
      { name: 'log.retention.hours', value: '168', source: 5 },
    ],
  });
  const hours = { ...none, brokerStatic: { 'log.retention.hours': '2' } };
  expect(describeTopic({}, hours, ['retention.ms'])[0]).toMatchObject({
    value: '7200000',
    source: 5,
    synonyms: [],
  });
});

test('a topic with flush.messages=1 shows the promise that it gets', () => {
  const layers = { ...none, brokerStatic: { 'odradek.flush': 'os' } };
  const value = (overrides: Record<string, string>) =>
    describeTopic(overrides, layers, ['odradek.flush'])[0]?.value;
  expect(value({})).toBe('os');
  expect(value({ 'flush.messages': '1' })).toBe('ack');
});

test('a secret is never shown, even one that was set', () => {
  const layers = { ...none, brokerStatic: { 'ssl.key.password': 'hunter2' } };
  expect(describeBroker(layers, ['ssl.key.password'])[0]).toMatchObject({
    value: null,
    sensitive: true,
    type: 9,
    synonyms: [{ name: 'ssl.key.password', value: null, source: 4 }],
  });
});

test('a broker key is read-only unless it can be changed while the broker runs', () => {
  const readOnly = new Map(describeBroker(none).map((entry) => [entry.name, entry.readOnly]));
  expect(readOnly.get('log.retention.ms')).toBe(false);
  expect(readOnly.get('message.max.bytes')).toBe(false);
  expect(readOnly.get('odradek.flush')).toBe(false);
  expect(readOnly.get('log.retention.hours')).toBe(true);
  expect(readOnly.get('listeners')).toBe(true);
  expect(readOnly.get('num.io.threads')).toBe(true);
});

test('names pick entries, unknown ones are left out', () => {
  expect(describeTopic({}, none, ['retention.ms', 'nope']).map(({ name }) => name)).toEqual([
    'retention.ms',
  ]);
  expect(describeBroker(none, [])).toEqual([]);
});

test('the cluster-wide answer holds what was changed for every broker, and nothing else', () => {
  expect(describeBrokerDefaults({ 'message.max.bytes': '9000' })).toMatchObject([
    {
      name: 'message.max.bytes',
      value: '9000',
      source: 3,
      synonyms: [{ name: 'message.max.bytes', value: '9000', source: 3 }],
    },
  ]);
  expect(describeBrokerDefaults({})).toEqual([]);
});

test('every key says what it does, or why it does nothing here', () => {
  const entries = [...describeTopic({}, none), ...describeBroker(none)];
  expect(entries.filter(({ documentation }) => documentation === '')).toEqual([]);
  expect(new Set(entries.map(({ type }) => type))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]));
  const docOf = (name: string) => entries.find((entry) => entry.name === name)!.documentation;
  expect(docOf('background.threads')).toMatch(/without effect/);
  expect(docOf('log.preallocate')).toMatch(/^Only the default is accepted: .*preallocate/);
});

test('a set of words is shown without what it says twice, as its own value, too', () => {
  const [entry] = describeTopic({ 'cleanup.policy': 'delete,delete' }, none, ['cleanup.policy']);
  expect([entry!.value, entry!.synonyms[0]!.value]).toEqual(['delete', 'delete']);
});
