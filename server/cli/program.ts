import { Command, CommanderError } from 'commander';
import { EXIT, type ExitCode } from './cli-error.js';
import { COMMANDS } from './commands/list.js';
import type { Finish } from './commands/options.js';

const EXAMPLES = `
Examples:
  odradek start                               a broker on localhost:9092, its data in the default log.dirs
  odradek topics create orders -p 3
  odradek topics list
  echo hello | odradek produce orders
  odradek consume orders --exit
  odradek perf produce orders --records 100000 --size 1000
  odradek groups describe billing
  odradek dump-log data/orders-0/00000000000000000000.log
  odradek scrub data
  odradek catalog check data
  odradek repair-log data/orders-0

Exit codes: 0 success or clean stop, 1 failure, 2 usage or settings.`;

/**
 * Runs a command line, as in `process.argv`, and resolves with the exit code. Rejects with the
 * error of the command.
 */
export async function runProgram(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  const finish = (code: ExitCode): void => {
    exitCode = code;
  };
  // Options of the program itself take no value, so that the first word is the command.
  const first = argv.slice(2).find((word) => !word.startsWith('-'));
  const named = first === 'help' ? argv[argv.indexOf('help') + 1] : first;
  // Completion offers what any command takes.
  const isWhole = named === 'completion' && argv.some((word) => word.startsWith('--line'));
  const program = await createProgram(finish, isWhole ? undefined : (named ?? ''));
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
 * The command line. Only the command that is `named` is defined whole, or all without one: the
 * others have their names, for the help and its advice. A command loads what it needs when it runs,
 * so that the short ones start fast.
 */
export async function createProgram(finish: Finish, named?: string): Promise<Command> {
  const program = new Command('odradek')
    .description('A Kafka-compatible, storage-engine-first log database.')
    .option('-V, --version', 'print the version, with that of node, and whether sendfile is used')
    .exitOverride()
    .showHelpAfterError('(add --help for help)')
    .addHelpText('after', EXAMPLES);
  for (const { usage, summary, load } of COMMANDS) {
    const command = program.command(usage).description(summary);
    if (named !== undefined && named !== command.name()) continue;
    const { define } = await load();
    define(command, finish);
  }
  return program;
}
