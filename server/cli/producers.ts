import { ErrorCode } from '../protocol/error-codes.js';
import { DescribeProducers } from '../protocol/messages/describe-producers.js';
import { check, shown } from './answers.js';
import { type ConnectionOptions, withClient } from './client.js';
import { NOTHING, printReport } from './report.js';
import { choosePartitions, lookUpTopic } from './topic-partitions.js';

export interface ProducersOptions extends ConnectionOptions {
  readonly partition?: number;
}

/** Prints the idempotent producers that partitions remember, the latest first. */
export async function describeProducers(name: string, options: ProducersOptions): Promise<void> {
  await withClient(options, async (client) => {
    const topic = await lookUpTopic(client, name);
    const partitionIndexes = [...choosePartitions(topic, options.partition)];
    const { topics } = await client.request(DescribeProducers, {
      topics: [{ name, partitionIndexes }],
    });
    const rows = (topics[0]?.partitions ?? []).flatMap((partition) => {
      const { partitionIndex, errorCode, errorMessage, activeProducers } = partition;
      if (errorCode !== ErrorCode.NONE) {
        check(errorCode, errorMessage, `cannot describe ${shown(name)}-${partitionIndex}`);
      }
      return activeProducers.map((producer) => ({
        topic: name,
        partition: partitionIndex,
        producerId: producer.producerId,
        epoch: producer.producerEpoch,
        lastSequence: producer.lastSequence,
        lastTimestampMs: producer.lastTimestamp,
      }));
    });
    rows.sort((a, b) => a.partition - b.partition || b.lastTimestampMs - a.lastTimestampMs);
    await printReport(
      rows,
      [
        { title: 'TOPIC', cell: ({ topic }) => shown(topic) },
        { title: 'PARTITION', cell: ({ partition }) => partition },
        { title: 'PRODUCER-ID', cell: ({ producerId }) => producerId },
        { title: 'EPOCH', cell: ({ epoch }) => epoch },
        { title: 'LAST-SEQUENCE', cell: ({ lastSequence }) => lastSequence },
        { title: 'LAST-APPEND', cell: ({ lastTimestampMs }) => timeText(lastTimestampMs) },
      ],
      options,
    );
  });
}

function timeText(ms: number): string {
  const date = new Date(ms);
  return ms < 0 || Number.isNaN(date.getTime()) ? NOTHING : date.toISOString();
}
