import { expect, test } from 'vitest';
import { brokerKeys } from '../../../server/settings/broker-keys.js';
import {
  environmentSettings,
  keyOfVariable,
  variableOfKey,
} from '../../../server/settings/environment.js';

test('one underscore is a dot, two are an underscore, three are a dash', () => {
  expect(keyOfVariable('KAFKA_LOG_RETENTION_MS')).toBe('log.retention.ms');
  expect(keyOfVariable('KAFKA_A__B___C_D')).toBe('a_b-c.d');
});

test('every key of the table can be set by a variable', () => {
  for (const name of brokerKeys.keys()) expect(keyOfVariable(variableOfKey(name))).toBe(name);
});

test('variables of other programs and of scripts are no settings', () => {
  const settings = environmentSettings({
    PATH: '/bin',
    KAFKA_: 'x',
    KAFKA_HEAP_OPTS: '-Xmx1g',
    KAFKA_HOME: '/opt',
    KAFKA_OPTS: '',
    KAFKA_JVM_PERFORMANCE_OPTS: '',
    KAFKA_VERSION: '4.3.1',
    KAFKA_LOG4J_OPTS: '',
    KAFKA_UNSET: undefined,
    KAFKA_NUM_PARTITIONS: '3',
  });
  expect(settings).toEqual([
    { variable: 'KAFKA_NUM_PARTITIONS', key: 'num.partitions', value: '3' },
  ]);
});
