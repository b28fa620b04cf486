import type { Command } from 'commander';
import { changing, collect, count, index, oneName, remote } from './options.js';

const TOPICS_EXAMPLES = `
Examples:
  odradek topics create orders --partitions 3 --config retention.ms=3600000
  odradek topics describe orders
  odradek topics alter orders --partitions 6
  odradek topics trim orders --before 2026-11-22T09:30:00Z
  odradek topics delete orders --bootstrap-server broker.example:9092`;

const CREATE_EXAMPLES = `
Examples:
  odradek topics create orders
  odradek topics create --topic orders --partitions 3 --if-not-exists
  odradek topics create users --config cleanup.policy=compact --config segment.bytes=104857600`;

const LIST_EXAMPLES = `
Examples:
  odradek topics list
  odradek topics list --long
  odradek topics list --bootstrap-server localhost:9093`;

const DESCRIBE_EXAMPLES = `
Examples:
  odradek topics describe
  odradek topics describe orders events
  odradek topics describe --topic orders --json`;

const ALTER_EXAMPLES = `
Examples:
  odradek topics alter orders --partitions 6
  odradek topics alter orders --set retention.ms=3600000 --delete segment.bytes
  odradek topics alter users --append cleanup.policy=compact --dry-run`;

const TRIM_EXAMPLES = `
Examples:
  odradek topics trim orders --before 2026-11-22T09:30:00Z
  odradek topics trim orders --before 120 --partition 0 --execute
  odradek topics trim orders --before -1000 --execute      the last thousand records of each partition stay
  odradek topics trim orders --before end --execute        all records go

What is deleted cannot be read any more; its disk space is freed by whole segments.`;

const DELETE_EXAMPLES = `
Examples:
  odradek topics delete orders
  odradek topics delete --topic orders --if-exists`;

export function define(command: Command): void {
  command.addHelpText('after', TOPICS_EXAMPLES);
  remote(command.command('create [name]'))
    .description('create a topic')
    .option('-t, --topic <name>', 'the same as the argument')
    .option('-p, --partitions <count>', "how many partitions (default: the broker's)", count)
    .option('-r, --replication-factor <count>', "how many replicas (default: the broker's)", count)
    .option('--config <key=value>', 'one setting of the topic; may be repeated', collect, [])
    .option('--if-not-exists', 'succeed if the topic is there already')
    .addHelpText('after', CREATE_EXAMPLES)
    .action(async (name: string | undefined, options) => {
      const { createTopic } = await import('../topics.js');
      await createTopic(oneName(name, options.topic), options);
    });
  remote(command.command('list'))
    .description('print the names of all topics')
    .option('-l, --long', 'print partitions and replication factors, too')
    .addHelpText('after', LIST_EXAMPLES)
    .action(async (options) => {
      const { listTopics } = await import('../topics.js');
      await listTopics(options);
    });
  remote(command.command('describe [name...]'))
    .description('print settings, offsets and sizes of topics, or of all')
    .option('-t, --topic <name>', 'one more name', collect, [])
    .addHelpText('after', DESCRIBE_EXAMPLES)
    .action(async (names: string[], options) => {
      const { describeTopics } = await import('../topics/describe.js');
      await describeTopics([...names, ...options.topic], options);
    });
  changing(remote(command.command('alter [name]')))
    .description('change settings of a topic, or its number of partitions')
    .option('-t, --topic <name>', 'the same as the argument')
    .option('-p, --partitions <count>', 'how many it is to have; never fewer than now', count)
    .option('--config <key=value>', 'the same as --set', collect, [])
    .addHelpText('after', ALTER_EXAMPLES)
    .action(async (name: string | undefined, options) => {
      const { alterTopic } = await import('../topics/alter.js');
      const set = [...options.config, ...options.set];
      await alterTopic(oneName(name, options.topic), { ...options, set });
    });
  remote(command.command('trim [name]'))
    .description('print which records would be deleted, the oldest; with --execute delete them')
    .option('-t, --topic <name>', 'the same as the argument')
    .option(
      '--before <position>',
      'the first record that stays: an offset, -N for the last N, an ISO time, or end for none',
    )
    .option('-p, --partition <number>', 'this partition only', index)
    .option('--dry-run', 'change nothing (the default)')
    .option('--execute', 'do it')
    .option('-y, --yes', 'the same as --execute')
    .addHelpText('after', TRIM_EXAMPLES)
    .action(async (name: string | undefined, options) => {
      const { trimTopic } = await import('../topics/trim.js');
      await trimTopic(oneName(name, options.topic), options);
    });
  remote(command.command('delete [name]'))
    .description('delete a topic with everything in it')
    .option('-t, --topic <name>', 'the same as the argument')
    .option('--if-exists', 'succeed if there is no such topic')
    .addHelpText('after', DELETE_EXAMPLES)
    .action(async (name: string | undefined, options) => {
      const { deleteTopic } = await import('../topics.js');
      await deleteTopic(oneName(name, options.topic), options);
    });
}
