import { Command, InvalidArgumentError } from 'commander';
import { CliError, EXIT, type ExitCode } from './cli-error.js';

const BOOTSTRAP_DEFAULT = 'localhost:9092';

/**
 * The command line. Each command loads what it needs when it runs, so that the short ones start fast. `finish` is told the exit
 * code of a command that succeeded; failures are thrown.
 */
export function createProgram(finish: (exitCode: ExitCode) => void): Command {
  const program = new Command('odradek')
    .description('A Kafka-compatible, storage-engine-first log database.')
    .option('-V, --version', 'print the version, with that of node, and whether sendfile is used')
    .exitOverride()
    .showHelpAfterError('(add --help for help)')
    .addHelpText('after', MAIN_EXAMPLES);
  addStart(program, finish);
  addTopics(program);
  addDumpLog(program, finish);
  return program;
}

function addStart(program: Command, finish: (exitCode: ExitCode) => void): void {
  program
    .command('start')
    .description('run a broker until it is told to stop')
    .option('-c, --config <file>', 'a server.properties file')
    .option('-s, --set <key=value>', 'one setting; goes before environment and file', collect, [])
    .option('--print-config', 'print every setting with its source, and do not start')
    .addHelpText('after', START_EXAMPLES)
    .action(async (options) => {
      const { start } = await import('./start.js');
      finish(await start(options));
    });
}

function addTopics(program: Command): void {
  const topics = program
    .command('topics')
    .description('create, list, describe and delete topics of a running broker')
    .addHelpText('after', TOPICS_EXAMPLES);
  remote(topics.command('create [name]'))
    .description('create a topic')
    .option('-t, --topic <name>', 'the same as the argument')
    .option('-p, --partitions <count>', "how many partitions (default: the broker's)", count)
    .option('-r, --replication-factor <count>', "how many replicas (default: the broker's)", count)
    .option('--config <key=value>', 'one setting of the topic; may be repeated', collect, [])
    .option('--if-not-exists', 'succeed if the topic is there already')
    .addHelpText('after', CREATE_EXAMPLES)
    .action(async (name: string | undefined, options) => {
      const { createTopic } = await import('./topics.js');
      await createTopic(oneName(name, options.topic), options);
    });
  remote(topics.command('list'))
    .description('print the names of all topics')
    .addHelpText('after', LIST_EXAMPLES)
    .action(async (options) => {
      const { listTopics } = await import('./topics.js');
      await listTopics(options);
    });
  remote(topics.command('describe [name]'))
    .description('print settings and partitions of a topic, or of all')
    .option('-t, --topic <name>', 'the same as the argument')
    .addHelpText('after', DESCRIBE_EXAMPLES)
    .action(async (name: string | undefined, options) => {
      const { describeTopics } = await import('./topics.js');
      await describeTopics(maybeName(name, options.topic), options);
    });
  remote(topics.command('delete [name]'))
    .description('delete a topic with everything in it')
    .option('-t, --topic <name>', 'the same as the argument')
    .option('--if-exists', 'succeed if there is no such topic')
    .addHelpText('after', DELETE_EXAMPLES)
    .action(async (name: string | undefined, options) => {
      const { deleteTopic } = await import('./topics.js');
      await deleteTopic(oneName(name, options.topic), options);
    });
}

function addDumpLog(program: Command, finish: (exitCode: ExitCode) => void): void {
  program
    .command('dump-log <file>')
    .description('print what a .log, .index or .timeindex file holds, and check it')
    .option('--records', 'print the records of each batch too')
    .addHelpText('after', DUMP_EXAMPLES)
    .action(async (file: string, options) => {
      const { dumpLog } = await import('./dump-log.js');
      finish((await dumpLog(file, options)) ? EXIT.ok : EXIT.failure);
    });
}

function remote(command: Command): Command {
  return command.option(
    '-b, --bootstrap-server <host:port>',
    'where a broker listens',
    BOOTSTRAP_DEFAULT,
  );
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 32_767 * 32_768) {
    throw new InvalidArgumentError('a whole number from 1 on is expected.');
  }
  return value;
}

function oneName(argument: string | undefined, option: string | undefined): string {
  const name = maybeName(argument, option);
  if (name === undefined) {
    throw new CliError(
      'the name of a topic is missing: give it as argument or with --topic',
      EXIT.usage,
    );
  }
  return name;
}

function maybeName(argument: string | undefined, option: string | undefined): string | undefined {
  if (argument !== undefined && option !== undefined && argument !== option) {
    throw new CliError(`two topics are named, ${argument} and ${option}: name one`, EXIT.usage);
  }
  return argument ?? option;
}

const MAIN_EXAMPLES = `
Examples:
  odradek start                               a broker on localhost:9092, its data in the default log.dirs
  odradek topics create orders -p 3
  odradek topics list
  odradek dump-log data/orders-0/00000000000000000000.log

Exit codes: 0 success or clean stop, 1 failure, 2 usage or settings.`;

const START_EXAMPLES = `
Examples:
  odradek start --set log.dirs=./data --set listeners=PLAINTEXT://localhost:9092
  odradek start --config server.properties --set log.retention.ms=3600000
  KAFKA_NUM_PARTITIONS=3 odradek start --print-config

Settings have Kafka's names. --set goes before KAFKA_* variables, those before the file, the file before
the default. SIGINT and SIGTERM stop the broker cleanly; a second signal ends it at once.`;

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

const DUMP_EXAMPLES = `
Examples:
  odradek dump-log data/orders-0/00000000000000000000.log
  odradek dump-log --records data/orders-0/00000000000000000000.log | less
  odradek dump-log data/orders-0/00000000000000000000.index

Exits with 1 when the file is damaged.`;
