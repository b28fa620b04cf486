import { randomUUID } from 'node:crypto';
import { Admin, ConfigResourceTypes, Consumer, Producer } from '@platformatic/kafka';
import { serve, tell, text } from './driver.mjs';

const STREAM_BATCH = 10;
const EARLIEST = -2n;
const LATEST = -1n;
/** Of IncrementalAlterConfigs. */
const SET = 0;

const common = {
  clientId: 'platformatic-driver',
  bootstrapBrokers: [process.argv[2]],
  retries: 100,
  retryDelay: 100,
};

let admin = null;
let producer = null;
let joined = null;
let streaming = null;

function connectedAdmin() {
  admin ??= new Admin({ ...common, retries: 1 });
  return admin;
}

function fromPairs(headers) {
  return new Map(headers.map(([name, value]) => [Buffer.from(name), Buffer.from(value)]));
}

function bytes(string) {
  return string === null ? undefined : Buffer.from(string);
}

function lifeOf(consumer, topic) {
  let assigned = [];
  consumer.on('consumer:group:rebalance', () => tell('revoked', { partitions: assigned }));
  consumer.on('consumer:group:join', ({ assignments }) => {
    assigned = assignments?.find((assignment) => assignment.topic === topic)?.partitions ?? [];
    tell('assigned', { partitions: assigned });
  });
  consumer.on('consumer:heartbeat:error', ({ error }) => {
    if (error.findBy?.('apiId', 'FENCED_INSTANCE_ID')) tell('fenced', { reason: error.message });
  });
}

await serve({
  createTopic: async ({ topic, partitions, configs }) => {
    await connectedAdmin().createTopics({
      topics: [topic],
      partitions,
      replicas: 1,
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    });
  },

  describeTopic: async ({ topic, keys }) => {
    const metadata = await connectedAdmin().metadata({ topics: [topic], forceUpdate: true });
    const [described] = await connectedAdmin().describeConfigs({
      resources: [
        {
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName: topic,
          configurationKeys: keys,
        },
      ],
    });
    const configs = {};
    for (const { name, value } of described.configs) configs[name] = value;
    return { partitions: metadata.topics.get(topic).partitionsCount, configs };
  },

  deleteTopic: ({ topic }) => connectedAdmin().deleteTopics({ topics: [topic] }),

  describeCluster: async () => {
    const { brokers, controllerId } = await connectedAdmin().metadata({ topics: [] });
    return { nodes: brokers.size, controllerId };
  },

  alterTopic: ({ topic, configs }) =>
    connectedAdmin().incrementalAlterConfigs({
      resources: [
        {
          resourceType: ConfigResourceTypes.TOPIC,
          resourceName: topic,
          configs: Object.entries(configs).map(([name, value]) => ({
            name,
            configOperation: SET,
            value,
          })),
        },
      ],
    }),

  addPartitions: ({ topic, total }) =>
    connectedAdmin().createPartitions({
      topics: [{ name: topic, count: total, assignments: null }],
    }),

  deleteRecords: async ({ topic, partition, before }) => {
    const partitions = [{ partition, offset: BigInt(before) }];
    await connectedAdmin().deleteRecords({ topics: [{ name: topic, partitions }] });
  },

  offsets: async ({ topic, partition }) => {
    const place = async (timestamp) => {
      const partitions = [{ partitionIndex: partition, timestamp }];
      const [listed] = await connectedAdmin().listOffsets({
        topics: [{ name: topic, partitions }],
      });
      return Number(listed.partitions[0].offset);
    };
    return [await place(EARLIEST), await place(LATEST)];
  },

  listGroups: async () => [...(await connectedAdmin().listGroups()).keys()],

  describeGroup: async ({ group }) => {
    const groups = await connectedAdmin().describeGroups({ groups: [group] });
    const { state, members } = groups.get(group);
    return { state: state.toLowerCase(), members: members.size };
  },

  groupOffset: async ({ group, topic, partition }) => {
    const [{ topics }] = await connectedAdmin().listConsumerGroupOffsets({ groups: [group] });
    const { partitions } = topics.find(({ name }) => name === topic);
    const found = partitions.find(({ partitionIndex }) => partitionIndex === partition);
    return Number(found.committedOffset);
  },

  setGroupOffset: async ({ group, topic, partition, offset }) => {
    const partitionOffsets = [{ partition, offset: BigInt(offset) }];
    const topics = [{ name: topic, partitionOffsets }];
    await connectedAdmin().alterConsumerGroupOffsets({ groupId: group, topics });
  },

  deleteGroup: ({ group }) => connectedAdmin().deleteGroups({ groups: [group] }),

  produce: async ({ topic, partition, codec, records }) => {
    producer ??= new Producer({ ...common, autocreateTopics: false });
    await producer.send({
      acks: -1,
      compression: codec,
      messages: records.map(({ key, value, headers, timestamp }) => ({
        topic,
        partition,
        key: bytes(key),
        value: bytes(value),
        headers: fromPairs(headers),
        ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
      })),
    });
  },

  consume: async ({ topic, partition, from, count }) => {
    const consumer = new Consumer({ ...common, groupId: `reader-${randomUUID()}` });
    let offset = BigInt(from.offset ?? 0);
    if (from.timestamp !== undefined) {
      const offsets = await consumer.listOffsets({
        topics: [topic],
        timestamp: BigInt(from.timestamp),
      });
      offset = offsets.get(topic)[partition];
    }
    const stream = await consumer.consume({
      topics: [topic],
      autocommit: false,
      maxWaitTime: 100,
      ...(from === 'beginning'
        ? { mode: 'earliest' }
        : { mode: 'manual', offsets: [{ topic, partition, offset }] }),
    });
    const records = [];
    for await (const message of stream) {
      if (message.partition !== partition) continue;
      records.push({
        key: text(message.key),
        value: text(message.value),
        headers: [...message.headers].map(([name, value]) => [text(name), text(value)]),
        offset: Number(message.offset),
        timestamp: Number(message.timestamp),
      });
      if (records.length === count) break;
    }
    await consumer.close(true);
    return records;
  },

  join: async ({
    group,
    topic,
    instanceId,
    sessionTimeoutMs = 30_000,
    limit = Infinity,
    commitOnLeave,
  }) => {
    const consumer = new Consumer({
      ...common,
      groupId: group,
      ...(instanceId === undefined ? {} : { groupInstanceId: instanceId }),
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: 200,
      rebalanceTimeout: 60_000,
      maxWaitTime: 100,
    });
    joined = { consumer, topic, next: new Map(), commitOnLeave, stream: null };
    lifeOf(consumer, topic);
    joined.stream = await consumer.consume({
      topics: [topic],
      mode: 'committed',
      fallbackMode: 'earliest',
      autocommit: false,
    });
    let taken = 0;
    joined.stream.on('data', ({ partition, offset, value }) => {
      if (taken === limit) return;
      taken++;
      joined.next.set(partition, offset + 1n);
      tell('record', { partition, offset: Number(offset), value: text(value) });
    });
    joined.stream.on('error', (error) => process.stderr.write(`${error.stack}\n`));
  },

  commit: ({ partition, offset }) =>
    joined.consumer.commit({
      offsets: [{ topic: joined.topic, partition, offset: BigInt(offset), leaderEpoch: 0 }],
    }),

  leave: () => joined.consumer.close(true),

  stream: ({ topic }) => {
    producer = new Producer({ ...common, idempotent: true, autocreateTopics: false });
    let next = 0;
    streaming = { stopped: false, acked: 0, ended: null };
    streaming.ended = (async () => {
      while (!streaming.stopped) {
        const messages = Array.from({ length: STREAM_BATCH }, () => ({
          topic,
          partition: 0,
          value: Buffer.from(String(next++)),
        }));
        await producer.send({ acks: -1, messages });
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
