import {
  type Engine,
  EngineError,
  type EventLog,
  shown,
  type ValueEncoding,
} from '../../engine/index.js';
import type { BrokerInside } from '../broker/inside.js';
import { assertOptions, assertText } from './options.js';
import { PartitionDoor } from './partition-door.js';
import { knownTopic } from './records.js';
import { TestBrokerError } from './test-broker-error.js';

/** Options of `RunningBroker.log`; the settings of its log are those of the topic. */
export interface TopicLogOptions<Encoding extends ValueEncoding = 'buffer'> {
  /** As in `EventLogOptions`. Default 'buffer'. */
  readonly valueEncoding?: Encoding | undefined;
}

/** The log of a partition, as `RunningBroker.log` promises. */
export function logOfTopic(
  { inside, engine }: { readonly inside: BrokerInside; readonly engine: Engine },
  topicName: string,
  index: number,
  options: TopicLogOptions<ValueEncoding>,
): EventLog<unknown, unknown> {
  assertText('topic', topicName);
  assertOptions('log', options, ['valueEncoding']);
  const topic = knownTopic(inside, topicName);
  const { length } = topic.partitions;
  if (typeof index !== 'number' || topic.partitions[index] === undefined) {
    throw new TestBrokerError(
      'INVALID_OPTION',
      `topic ${topicName} has the partitions 0 to ${length - 1}, not ${shown(index)}`,
    );
  }
  const door = new PartitionDoor(inside.partitions.find(topic, index));
  return engine.eventLogOver(door, options, {
    refusal: null,
    assertDeletable: () => {
      throw new EngineError('READ_ONLY', `${topicName} is deleted as a topic, by a client`);
    },
    closed: async () => {
      door.end(new EngineError('LOG_CLOSED', `the log of ${topicName}-${index} is closed`));
    },
    deleted: async () => {},
  });
}
