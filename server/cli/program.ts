import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { CliError, EXIT, type ExitCode } from './cli-error.js';
import {
  CATALOG_EXAMPLES,
  CHECK_EXAMPLES,
  CONSUME_EXAMPLES,
  CREATE_EXAMPLES,
  DELETE_EXAMPLES,
  DELETE_GROUPS_EXAMPLES,
  DESCRIBE_EXAMPLES,
  DESCRIBE_GROUPS_EXAMPLES,
  DUMP_EXAMPLES,
  GROUPS_EXAMPLES,
  LIST_EXAMPLES,
  LIST_GROUPS_EXAMPLES,
  MAIN_EXAMPLES,
  PRODUCE_EXAMPLES,
  REBUILD_EXAMPLES,
  REPAIR_EXAMPLES,
  RESET_EXAMPLES,
  SCRUB_EXAMPLES,
  START_EXAMPLES,
  TOPICS_EXAMPLES,
} from './examples.js';

const BOOTSTRAP_DEFAULT = 'localhost:9092';

/**
 * Runs a command line, as in `process.argv`, and resolves with the exit code. Rejects with the
 * error of the command.
 */
export async function runProgram(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    // commander has printed its help or its complaint.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}

/**
 * The command line. Each command loads what it needs when it runs, so that the short ones start
 * fast. `finish` gets the exit code of a command that succeeded; failures are thrown.
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
  addProduce(program);
  addConsume(program);
  addGroups(program);
  addDumpLog(program, finish);
  addScrub(program, finish);
  addRepairLog(program, finish);
  addCatalog(program, finish);
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

function addProduce(program: Command): void {
  remote(program.command('produce <topic>'))
    .description('send each line of stdin as a record')
    .option(
      '-K, --key-separator <text>',
      'stands between key and value; without it there are no keys',
    )
    .option('-p, --partition <number>', 'where to (default: by the key, as Java clients do)', index)
    .addOption(
      new Option('-f, --format <format>', 'json: each line is an object').choices(['json']),
    )
    .addOption(
      new Option('-z, --codec <codec>', 'how batches are compressed')
        .choices(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
        .default('none'),
    )
    .option('-a, --acks <acks>', 'all, 1, or 0 for no answer', acks, -1)
    .option('-H, --header <name=value>', 'one header of every record; may be repeated', collect, [])
    .option('-Z, --null', 'empty values are null: they delete their keys in a compacted topic')
    .addHelpText('after', PRODUCE_EXAMPLES)
    .action(async (topic: string, options) => {
      const { produce } = await import('./produce.js');
      await produce(topic, options);
    });
}

function addConsume(program: Command): void {
  remote(program.command('consume <topic>'))
    .description('print records, one a line')
    .option('-o, --from <position>', 'beginning, end, an offset, -N for the last N, or an ISO time')
    .option('-p, --partition <number>', 'this partition only', index)
    .option(
      '-g, --group <name>',
      'share the partitions with other members, and go on where they were',
    )
    .option('-K, --key-separator <text>', 'print the key, too, with this between it and the value')
    .option('-f, --format <format>', "json, or text with fields such as '%k\\t%s\\n'")
    .option('-c, --count <number>', 'stop after so many records', count)
    .option('-e, --exit', 'stop at the end of the topic')
    .addHelpText('after', CONSUME_EXAMPLES)
    .action(async (topic: string, options) => {
      const { consume } = await import('./consume.js');
      await consume(topic, options);
    });
}

function addGroups(program: Command): void {
  const groups = program
    .command('groups')
    .description('list, describe, reset and delete consumer groups')
    .addHelpText('after', GROUPS_EXAMPLES);
  remote(groups.command('list'))
    .description('print the names of all groups')
    .option('--state', 'print their states, too')
    .addHelpText('after', LIST_GROUPS_EXAMPLES)
    .action(async (options) => {
      const { listGroups } = await import('./groups.js');
      await listGroups(options);
    });
  remote(groups.command('describe [group...]'))
    .description('print how far groups have read, or all groups')
    .option('--members', 'print who their members are instead')
    .option('--state', 'print how they are instead')
    .addHelpText('after', DESCRIBE_GROUPS_EXAMPLES)
    .action(async (names: string[], options) => {
      const { describeGroups } = await import('./groups.js');
      await describeGroups(names, options);
    });
  remote(groups.command('reset-offsets <group>'))
    .description('print where a group without members is to read on; with --execute make it so')
    .option('-t, --topic <name[:0,1]>', 'a topic, or some of its partitions', collect, [])
    .option('--all-topics', 'every topic for which the group has committed')
    .option('--to-earliest', 'the first record')
    .option('--to-latest', 'behind the last record')
    .option('--to-offset <offset>', 'this offset', index)
    .option('--to-datetime <time>', 'the first record of this time or later')
    .option('--by-duration <duration>', 'the same, so long before now, such as PT1H')
    .option('--shift-by <count>', 'so many records on, or back if negative', signed)
    .option('--dry-run', 'change nothing (the default)')
    .option('--execute', 'do it')
    .addHelpText('after', RESET_EXAMPLES)
    .action(async (name: string, options) => {
      const { resetOffsets } = await import('./reset-offsets.js');
      await resetOffsets(name, options);
    });
  remote(groups.command('delete <group...>'))
    .description('delete groups without members, with their offsets')
    .addHelpText('after', DELETE_GROUPS_EXAMPLES)
    .action(async (names: string[], options) => {
      const { deleteGroups } = await import('./groups.js');
      await deleteGroups(names, options);
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

function addScrub(program: Command, finish: (exitCode: ExitCode) => void): void {
  program
    .command('scrub <folder>')
    .description('read every batch of a data directory or a partition, and print what is damaged')
    .addHelpText('after', SCRUB_EXAMPLES)
    .action(async (folder: string) => {
      const { scrub } = await import('./scrub.js');
      finish((await scrub(folder)) ? EXIT.ok : EXIT.failure);
    });
}

function addRepairLog(program: Command, finish: (exitCode: ExitCode) => void): void {
  program
    .command('repair-log <folder>')
    .description("print what is damaged in a partition's folder; with --execute save what can be")
    .option('--dry-run', 'change nothing (the default)')
    .option('--execute', 'do it')
    .addHelpText('after', REPAIR_EXAMPLES)
    .action(async (folder: string, options) => {
      const { repairLog } = await import('./repair-log.js');
      finish((await repairLog(folder, options)) ? EXIT.ok : EXIT.failure);
    });
}

function addCatalog(program: Command, finish: (exitCode: ExitCode) => void): void {
  const catalog = program
    .command('catalog')
    .description(
      'check the catalogs of a data directory, or make them anew; no broker may run on it',
    )
    .addHelpText('after', CATALOG_EXAMPLES);
  catalog
    .command('check <dir>')
    .description('read both catalogs whole and print what is wrong with them')
    .addHelpText('after', CHECK_EXAMPLES)
    .action(async (dir: string) => {
      const { checkCatalogs } = await import('./catalog.js');
      finish((await checkCatalogs(dir)) ? EXIT.ok : EXIT.failure);
    });
  catalog
    .command('rebuild <dir>')
    .description('make new catalogs in the place of damaged or lost ones, and keep the old files')
    .option('--node-id <id>', 'whose partitions are, where nothing says so any more', index, 1)
    .addHelpText('after', REBUILD_EXAMPLES)
    .action(async (dir: string, options) => {
      const { rebuildCatalogs } = await import('./catalog.js');
      await rebuildCatalogs(dir, options);
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

function index(text: string): number {
  if (!/^\d{1,15}$/.test(text)) {
    throw new InvalidArgumentError('a whole number from 0 on is expected.');
  }
  return Number(text);
}

function signed(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) {
    throw new InvalidArgumentError('a whole number is expected, such as -10.');
  }
  return Number(text);
}

function acks(text: string): number {
  if (text === 'all') return -1;
  if (!/^(-1|0|1)$/.test(text)) throw new InvalidArgumentError('all, 1 or 0 is expected.');
  return Number(text);
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
