import { type Command, InvalidArgumentError, Option } from 'commander';
import { CLI_LIMITS } from '../limits.js';
import { acks, count, duration, index, remote } from './options.js';

const PERF_EXAMPLES = `
Examples:
  odradek perf produce load --records 100000 --size 1000
  odradek perf consume load --records 100000`;

const PRODUCE_EXAMPLES = `
Examples:
  odradek topics create load -p 3
  odradek perf produce load --records 100000 --size 1000
  odradek perf produce load --rate 5000 --size 200 --linger-ms 1
  odradek perf produce load --records 500000 --batch-size 131072 --codec lz4 --json

Values are random letters; batches go to the partitions in turn. The latency of a record runs from when it is
taken, or with --rate from when it was due, to its acknowledgement. Without --rate every batch is full. What
kafka-producer-perf-test calls --num-records, --record-size and --throughput are --records, --size and --rate.`;

const CONSUME_EXAMPLES = `
Examples:
  odradek perf consume load
  odradek perf consume load --records 100000 --timeout 30s
  odradek perf consume load --from 1h --json

The latency is that of each fetch that brought records. Nothing is committed.`;

export function define(command: Command): void {
  command.addHelpText('after', PERF_EXAMPLES);
  remote(command.command('produce <topic>'))
    .description('send records, and print rates and latencies')
    .option('-n, --records <number>', 'how many records', count, 100_000)
    .option('--size <bytes>', 'the size of each value', upTo(0, CLI_LIMITS.perfValueBytesMax), 100)
    .option('--rate <number>', 'records a second; without it as fast as they are taken', rate)
    .option('-a, --acks <acks>', 'all, 1, or 0 for no answer, and so no latencies', acks, -1)
    .addOption(codec('-z, --codec <codec>', 'how batches are compressed').default('none'))
    .addOption(codec('--compression <codec>', 'the same').hideHelp())
    .option(
      '--batch-size <bytes>',
      'bytes of records in a batch; a larger record goes alone',
      upTo(1, CLI_LIMITS.batchBytesMax),
      16_384,
    )
    .option(
      '--linger-ms <ms>',
      'with --rate: how long a record waits for others',
      upTo(0, CLI_LIMITS.perfLingerMsMax),
      5,
    )
    .option(
      '--in-flight <number>',
      'requests at once, each on its connection',
      upTo(1, CLI_LIMITS.perfInFlightMax),
      5,
    )
    .option('-p, --partition <number>', 'this partition only', index)
    .addHelpText('after', PRODUCE_EXAMPLES)
    .action(async (topic: string, { compression, ...options }) => {
      const { perfProduce } = await import('../perf/produce.js');
      await perfProduce(topic, { ...options, codec: compression ?? options.codec });
    });
  remote(command.command('consume <topic>'))
    .description('read records, and print rates and latencies')
    .option('-n, --records <number>', 'how many records (default: all that there are now)', count)
    .option('-o, --from <position>', 'where to begin, as for odradek consume')
    .option('-p, --partition <number>', 'this partition only', index)
    .option('--timeout <time>', 'stop when no record comes for so long', duration, 10_000)
    .addHelpText('after', CONSUME_EXAMPLES)
    .action(async (topic: string, { timeout, ...options }) => {
      const { perfConsume } = await import('../perf/consume.js');
      await perfConsume(topic, { ...options, idleMs: timeout });
    });
}

function codec(flags: string, description: string): Option {
  return new Option(flags, description).choices(['none', 'gzip', 'snappy', 'lz4', 'zstd']);
}

function rate(text: string): number {
  const value = Number(text);
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text) || !(value > 0) || value > CLI_LIMITS.perfRateMax) {
    throw new InvalidArgumentError(
      `a number of records a second is expected, up to ${CLI_LIMITS.perfRateMax}.`,
    );
  }
  return value;
}

function upTo(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`a whole number from ${least} to ${most} is expected.`);
    }
    return value;
  };
}
