import type {
  Administration,
  Client,
  ConsumedRecord,
  Member,
  MemberEvent,
  Stream,
} from '../client.js';
import { DriverProcess } from './driver-process.js';

type StreamEvent = { readonly event: 'acked'; readonly count: number };

/**
 * A client behind a driver (see `drivers/README.md`): one process for what is asked and answered,
 * one for each member and each running producer.
 *
 * @param command program and arguments; the bootstrap address is appended
 */
export function driverClient(name: string, command: readonly string[], bootstrap: string): Client {
  const started = new Set<{ kill(): Promise<void> }>();
  let asked: DriverProcess<MemberEvent> | null = null;

  function start<E extends object>(): DriverProcess<E> {
    const driver = new DriverProcess<E>([...command, bootstrap], name);
    started.add(driver);
    return driver;
  }

  function call<T>(op: string, args: object): Promise<T> {
    asked ??= start();
    return asked.call<T>(op, args);
  }

  const administration: Administration = {
    describeCluster: () => call('describeCluster', {}),
    alterTopic: (topic, configs) => call('alterTopic', { topic, configs }),
    addPartitions: (topic, total) => call('addPartitions', { topic, total }),
    deleteRecords: (topic, partition, before) =>
      call('deleteRecords', { topic, partition, before }),
    offsets: (topic, partition) => call('offsets', { topic, partition }),
    listGroups: () => call('listGroups', {}),
    describeGroup: (group) => call('describeGroup', { group }),
    groupOffset: (group, topic, partition) => call('groupOffset', { group, topic, partition }),
    setGroupOffset: (group, topic, partition, offset) =>
      call('setGroupOffset', { group, topic, partition, offset }),
    deleteGroup: (group) => call('deleteGroup', { group }),
  };

  return {
    administration,
    createTopic: (topic, partitions, configs) =>
      call('createTopic', { topic, partitions, configs }),
    describeTopic: (topic, keys) => call('describeTopic', { topic, keys }),
    deleteTopic: (topic) => call('deleteTopic', { topic }),
    produce: (topic, partition, codec, records) =>
      call('produce', { topic, partition, codec, records }),
    consume: (topic, partition, from, count) =>
      call<ConsumedRecord[]>('consume', { topic, partition, from, count }),
    join: async (options): Promise<Member> => {
      const driver = start<MemberEvent>();
      await driver.call('join', options);
      return {
        events: driver.events,
        until: (done) => driver.until(done),
        commit: (mode, partition, offset) => driver.call('commit', { mode, partition, offset }),
        leave: async () => {
          await driver.call('leave');
          await driver.end();
        },
        kill: () => driver.kill(),
      };
    },
    stream: async (topic): Promise<Stream> => {
      const driver = start<StreamEvent>();
      await driver.call('stream', { topic });
      const acked = (): number => driver.events.at(-1)?.count ?? 0;
      return {
        get acked() {
          return acked();
        },
        untilAcked: (count) => driver.until(() => acked() >= count),
        stop: async () => {
          const count = await driver.call<number>('stopStream');
          await driver.end();
          return count;
        },
      };
    },
    close: async () => {
      await Promise.all([...started].map((driver) => driver.kill()));
    },
  };
}
