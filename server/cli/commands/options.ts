import { type Command, InvalidArgumentError } from 'commander';
import { CliError, EXIT, type ExitCode } from '../cli-error.js';
import { durationOf } from '../duration-text.js';

/** Gets the exit code of a command that succeeded; failures are thrown. */
export type Finish = (exitCode: ExitCode) => void;

/** Adds the options of every command that talks to a broker. */
export function remote(command: Command): Command {
  command
    .option(
      '-b, --bootstrap-server <host:port>',
      'where a broker listens (default: ODRADEK_BOOTSTRAP_SERVER, the current profile, or localhost:9092)',
    )
    .option('--profile <name>', 'the broker of this profile');
  return reporting(command);
}

export function reporting(command: Command): Command {
  return command.option('--json', 'one JSON object a line, for programs');
}

/** Adds the options that change settings. */
export function changing(command: Command): Command {
  return command
    .option('-s, --set <key=value>', 'set this; may be repeated', collect, [])
    .option('-d, --delete <key>', 'go back to the default of this; may be repeated', collect, [])
    .option('--append <key=value>', 'add to a list, such as cleanup.policy', collect, [])
    .option('--subtract <key=value>', 'take from a list', collect, [])
    .option('--dry-run', 'only ask the broker whether it would');
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export function count(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 32_767 * 32_768) {
    throw new InvalidArgumentError('a whole number from 1 on is expected.');
  }
  return value;
}

export function index(text: string): number {
  if (!/^\d{1,15}$/.test(text)) {
    throw new InvalidArgumentError('a whole number from 0 on is expected.');
  }
  return Number(text);
}

export function signed(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text)) {
    throw new InvalidArgumentError('a whole number is expected, such as -10.');
  }
  return Number(text);
}

export function acks(text: string): number {
  if (text === 'all') return -1;
  if (!/^(-1|0|1)$/.test(text)) throw new InvalidArgumentError('all, 1 or 0 is expected.');
  return Number(text);
}

/** Milliseconds of a text such as 500ms or 5s. */
export function duration(text: string): number {
  const ms = durationOf(text);
  if (ms === null || ms === 0) {
    throw new InvalidArgumentError('a time is expected, such as 500ms, 5s or 1m.');
  }
  return ms;
}

/** The name of a topic, which may be given as the argument, or with --topic. */
export function oneName(argument: string | undefined, option: string | undefined): string {
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
