import type { Command } from 'commander';
import { collect, count, maybeName, oneName, remote } from './options.js';

const TOPICS_EXAMPLES = `
Examples:
  odradek topics create orders --partitions 3 --config retention.ms=3600000
  odradek topics describe orders
  odradek topics delete orders --bootstrap-server broker.example:9092`;

const CREATE_EXAMPLES = `
Examples:
  odradek topics create orders
  odradek topics create --topic orders --partitions 3 --if-not-exists
  odradek topics create users --config cleanup.policy=compact --config segment.bytes=104857600`;

const LIST_EXAMPLES = `
Examples:
  odradek topics list
  odradek topics list --bootstrap-server localhost:9093`;

const DESCRIBE_EXAMPLES = `
Examples:
  odradek topics describe
  odradek topics describe --topic orders`;

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
    .addHelpText('after', LIST_EXAMPLES)
    .action(async (options) => {
      const { listTopics } = await import('../topics.js');
      await listTopics(options);
    });
  remote(command.command('describe [name]'))
    .description('print settings and partitions of a topic, or of all')
    .option('-t, --topic <name>', 'the same as the argument')
    .addHelpText('after', DESCRIBE_EXAMPLES)
    .action(async (name: string | undefined, options) => {
      const { describeTopics } = await import('../topics.js');
      await describeTopics(maybeName(name, options.topic), options);
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
