import { randomUUID } from 'node:crypto';
import { compress as zstdCompress, decompress as zstdDecompress } from '@mongodb-js/zstd';
import kafkajs from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { compress as snappyCompress, uncompress as snappyUncompress } from 'snappy';
import { serve, tell, text } from './driver.mjs';

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs;

// The client has gzip; the others are what it lets its users plug in.
const plugIn = (compress, decompress) => () => ({
  compress: ({ buffer }) => compress(buffer),
  decompress,
});
CompressionCodecs[CompressionTypes.Snappy] = plugIn(snappyCompress, snappyUncompress);
CompressionCodecs[CompressionTypes.LZ4] = plugIn(compressFrame, decompressFrame);
CompressionCodecs[CompressionTypes.ZSTD] = plugIn(zstdCompress, zstdDecompress);
const COMPRESSION = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

const STREAM_BATCH = 10;

const kafka = new Kafka({
  clientId: 'kafkajs-driver',
  brokers: [process.argv[2]],
  logLevel: logLevel.ERROR,
  logCreator: () => (entry) => process.stderr.write(`${JSON.stringify(entry.log)}\n`),
  retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 100 },
});

let admin = null;
let producer = null;
let consumer = null;
let joined = null;
let streaming = null;

async function connectedAdmin() {
  if (admin === null) {
    admin = kafka.admin({ retry: { retries: 1 } });
    await admin.connect();
  }
  return admin;
}

async function connectedProducer(options) {
  if (producer === null) {
    producer = kafka.producer(options);
    await producer.connect();
  }
  return producer;
}

function pairs(headers) {
  return Object.entries(headers ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, text(value)]),
  );
}

function fromPairs(headers) {
  const byName = {};
  for (const [name, value] of headers) byName[name] = [...(byName[name] ?? []), value];
  return byName;
}

function assignedPartitions() {
  return joined.assigned;
}

await serve({
  createTopic: async ({ topic, partitions, configs }) => {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    const created = await (await connectedAdmin()).createTopics({
      topics: [{ topic, numPartitions: partitions, configEntries }],
    });
    if (!created) throw new Error('the topic exists');
  },

  describeTopic: async ({ topic, keys }) => {
    const client = await connectedAdmin();
    const { topics } = await client.fetchTopicMetadata({ topics: [topic] });
    const { resources } = await client.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: keys }],
    });
    const configs = {};
    for (const { configName, configValue } of resources[0].configEntries) {
      configs[configName] = configValue;
    }
    return { partitions: topics[0].partitions.length, configs };
  },

  deleteTopic: async ({ topic }) => (await connectedAdmin()).deleteTopics({ topics: [topic] }),

  describeCluster: async () => {
    const { brokers, controller } = await (await connectedAdmin()).describeCluster();
    return { nodes: brokers.length, controllerId: controller };
  },

  alterTopic: async ({ topic, configs }) => {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }];
    await (await connectedAdmin()).alterConfigs({ validateOnly: false, resources });
  },

  addPartitions: async ({ topic, total }) => {
    const topicPartitions = [{ topic, count: total }];
    await (await connectedAdmin()).createPartitions({ topicPartitions });
  },

  deleteRecords: async ({ topic, partition, before }) => {
    const partitions = [{ partition, offset: String(before) }];
    await (await connectedAdmin()).deleteTopicRecords({ topic, partitions });
  },

  offsets: async ({ topic, partition }) => {
    const all = await (await connectedAdmin()).fetchTopicOffsets(topic);
    const { low, high } = all.find((entry) => entry.partition === partition);
    return [Number(low), Number(high)];
  },

  listGroups: async () =>
    (await (await connectedAdmin()).listGroups()).groups.map(({ groupId }) => groupId),

  describeGroup: async ({ group }) => {
    const { groups } = await (await connectedAdmin()).describeGroups([group]);
    return { state: groups[0].state.toLowerCase(), members: groups[0].members.length };
  },

  groupOffset: async ({ group, topic, partition }) => {
    const [{ partitions }] = await (await connectedAdmin()).fetchOffsets({
      groupId: group,
      topics: [topic],
    });
    return Number(partitions.find((entry) => entry.partition === partition).offset);
  },

  setGroupOffset: async ({ group, topic, partition, offset }) => {
    const partitions = [{ partition, offset: String(offset) }];
    await (await connectedAdmin()).setOffsets({ groupId: group, topic, partitions });
  },

  deleteGroup: async ({ group }) => {
    await (await connectedAdmin()).deleteGroups([group]);
  },

  produce: async ({ topic, partition, codec, records }) => {
    const messages = records.map(({ headers, timestamp, ...record }) => ({
      ...record,
      partition,
      headers: fromPairs(headers),
      ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
    }));
    const client = await connectedProducer();
    await client.send({ topic, acks: -1, compression: COMPRESSION[codec], messages });
  },

  consume: async ({ topic, partition, from, count }) => {
    const reader = kafka.consumer({ groupId: `reader-${randomUUID()}` });
    await reader.connect();
    await reader.subscribe({ topics: [topic], fromBeginning: true });
    let offset = from.offset;
    if (from.timestamp !== undefined) {
      const found = await (await connectedAdmin()).fetchTopicOffsetsByTimestamp(
        topic,
        from.timestamp,
      );
      offset = Number(found.find((entry) => entry.partition === partition).offset);
    }
    const records = [];
    await new Promise((resolve, reject) => {
      reader.on(reader.events.CRASH, ({ payload }) => reject(payload.error));
      const run = reader.run({
        autoCommit: false,
        eachMessage: async ({ partition: index, message }) => {
          if (index !== partition || records.length === count) return;
          records.push({
            key: text(message.key),
            value: text(message.value),
            headers: pairs(message.headers),
            offset: Number(message.offset),
            timestamp: Number(message.timestamp),
          });
          if (records.length === count) resolve();
        },
      });
      if (offset !== undefined) reader.seek({ topic, partition, offset: String(offset) });
      run.catch(reject);
    });
    await reader.disconnect();
    return records;
  },

  join: async ({ group, topic, sessionTimeoutMs = 30_000, limit = Infinity, commitOnLeave }) => {
    joined = { topic, assigned: [], taken: 0, commitOnLeave, next: new Map() };
    consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: 200,
      maxWaitTimeInMs: 100,
    });
    consumer.on(consumer.events.REBALANCING, () => {
      tell('revoked', { partitions: assignedPartitions() });
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      joined.assigned = payload.memberAssignment[topic] ?? [];
      tell('assigned', { partitions: joined.assigned });
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        if (joined.taken === limit) return;
        joined.taken++;
        const offset = Number(message.offset);
        joined.next.set(partition, offset + 1);
        tell('record', { partition, offset, value: text(message.value) });
      },
    });
  },

  commit: ({ partition, offset }) =>
    consumer.commitOffsets([{ topic: joined.topic, partition, offset: String(offset) }]),

  leave: async () => {
    if (joined.commitOnLeave) {
      const offsets = [...joined.next].map(([partition, offset]) => ({
        topic: joined.topic,
        partition,
        offset: String(offset),
      }));
      await consumer.commitOffsets(offsets);
    }
    await consumer.disconnect();
  },

  stream: async ({ topic }) => {
    const client = await connectedProducer({ idempotent: true, maxInFlightRequests: 1 });
    let next = 0;
    streaming = { stopped: false, acked: 0, ended: null };
    streaming.ended = (async () => {
      while (!streaming.stopped) {
        const messages = Array.from({ length: STREAM_BATCH }, () => ({
          value: String(next++),
          partition: 0,
        }));
        await client.send({ topic, acks: -1, messages });
        streaming.acked += STREAM_BATCH;
        tell('acked', { count: streaming.acked });
      }
    })();
    streaming.ended.catch((error) =>
      process.stderr.write(`${error.stack}\n`, () => process.exit(1)),
    );
  },

  stopStream: async () => {
    streaming.stopped = true;
    await streaming.ended;
    return streaming.acked;
  },
});
