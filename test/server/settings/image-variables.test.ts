import { expect, test } from 'vitest';
import { listenersFromAdvertised } from '../../../server/settings/image-variables.js';
import { resolveBrokerSettings, SettingsError } from '../../../server/settings/parse.js';

const settingsOf = (environment: Record<string, string>) =>
  resolveBrokerSettings({ environment }).settings;

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    settingsOf(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

const ID = 'MkU3OEVBNTcwNTJENDM2Qg';

test('advertised listeners alone are listened on at every address, as the images do', () => {
  const { listeners } = settingsOf({
    KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:29092,OUTSIDE://localhost:9092',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT',
  });
  expect(listeners).toEqual([
    {
      name: 'PLAINTEXT',
      host: '0.0.0.0',
      port: 29092,
      advertised: { kind: 'fixed', host: 'kafka', port: 29092 },
    },
    {
      name: 'OUTSIDE',
      host: '0.0.0.0',
      port: 9092,
      advertised: { kind: 'fixed', host: 'localhost', port: 9092 },
    },
  ]);
  expect(listenersFromAdvertised('A://[::1]:9092, B://:9093', null)).toBe(
    'A://0.0.0.0:9092, B://0.0.0.0:9093',
  );
  expect(listenersFromAdvertised(' ', null)).toBeNull();
});

test('a host is looked for no further than a host may go', () => {
  for (const host of [`[${':'.repeat(65)}]`, 'h'.repeat(256)]) {
    const advertised = `PLAINTEXT://${host}:9092`;
    expect(listenersFromAdvertised(advertised, null)).toBe(advertised);
  }
});

test('listeners that are given, from wherever, are not derived', () => {
  const advertised = { KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:9092' };
  const [listener] = settingsOf({ ...advertised, KAFKA_LISTENERS: 'PLAINTEXT://:9999' }).listeners;
  expect(listener).toMatchObject({ host: '', port: 9999 });
  const set = resolveBrokerSettings({
    environment: advertised,
    sets: ['listeners=PLAINTEXT://127.0.0.1:0'],
  });
  expect(set.settings.listeners[0]).toMatchObject({ host: '127.0.0.1', port: 0 });
  const { settings } = resolveBrokerSettings({
    fileText: 'advertised.listeners=PLAINTEXT://kafka:9092',
  });
  expect(settings.listeners[0]).toMatchObject({ host: 'localhost', port: 9092 });
});

test('a file that is open on every address is no reason not to, one that names an address is', () => {
  const environment = { KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:19092' };
  const portsWith = (listeners: string) =>
    resolveBrokerSettings({
      environment,
      fileText: `listeners=${listeners}`,
    }).settings.listeners.map(({ host, port }) => `${host}:${port}`);
  expect(portsWith('PLAINTEXT://:9092')).toEqual(['0.0.0.0:19092']);
  expect(portsWith('PLAINTEXT://0.0.0.0:9092')).toEqual(['0.0.0.0:19092']);
  expect(portsWith('PLAINTEXT://10.0.0.1:9092')).toEqual(['10.0.0.1:9092']);
});

test('KAFKA_CFG_ is a synonym, and two variables that differ are refused', () => {
  expect(settingsOf({ KAFKA_CFG_NUM_PARTITIONS: '7' }).numPartitions).toBe(7);
  const same = { KAFKA_CFG_NUM_PARTITIONS: '7', KAFKA_NUM_PARTITIONS: '7' };
  expect(settingsOf(same).numPartitions).toBe(7);
  expect(problemsOf({ ...same, KAFKA_NUM_PARTITIONS: '8' })).toEqual([
    'KAFKA_CFG_NUM_PARTITIONS and KAFKA_NUM_PARTITIONS set num.partitions to different values: set one',
  ]);
});

test('the id of the cluster is taken by each name that images have for it', () => {
  for (const name of ['CLUSTER_ID', 'KAFKA_CLUSTER_ID', 'KAFKA_KRAFT_CLUSTER_ID']) {
    expect(settingsOf({ [name]: ID }).clusterId).toBe(ID);
  }
  expect(settingsOf({ CLUSTER_ID: `${ID}==` }).clusterId).toBe(ID);
  expect(settingsOf({ CLUSTER_ID: '' }).clusterId).toBeNull();
  expect(settingsOf({}).clusterId).toBeNull();
});

test('an id that is none is refused, with the way to one', () => {
  for (const id of ['my-cluster', `${ID}x`, 'MkU3OEVBNTcwNTJENDM2Qz']) {
    expect(problemsOf({ CLUSTER_ID: id })).toEqual([
      `odradek.cluster.id (in images CLUSTER_ID)=${id} is no id: expected 16 bytes as 22 characters of base64url, as kafka-storage random-uuid prints; leave it out to have one drawn`,
    ]);
  }
});
