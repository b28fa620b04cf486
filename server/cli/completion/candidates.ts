import type { Command, Option } from 'commander';

/** Names that a broker or a file knows; without them nothing is offered. */
export interface Names {
  topics(): Promise<readonly string[]>;
  groups(): Promise<readonly string[]>;
  profiles(): Promise<readonly string[]>;
}

/** A word that may stand next. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

export interface Candidates {
  readonly words: readonly Candidate[];
  /** Paths of files may stand here, too; shells know them. */
  readonly files: boolean;
}

/** Where the line stands. */
interface Place {
  readonly command: Command;
  /** The option whose value comes next. */
  readonly option: Option | null;
  /** Arguments before it. */
  readonly arguments: number;
  /** Behind `--` there are no options. */
  readonly isBehindDashes: boolean;
}

const NONE: Candidates = { words: [], files: false };

/**
 * The words that may follow `words`, which are those behind `odradek`, where `current` has been
 * typed of the next; the shell, or the caller, leaves out those that do not fit it. `namesOf` gets
 * the options that were given, which say which broker to ask.
 */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
  current: string,
  namesOf: (options: ReadonlyMap<string, string>) => Names,
): Promise<Candidates> {
  const given = new Map<string, string>();
  const place = placeOf(program, words, given);
  const names = namesOf(given);
  if (place.option !== null) return valuesOf(place.option, '', names);
  const [, long, prefix] = /^((--[^=]+)=)/.exec(current) ?? [];
  if (!place.isBehindDashes && prefix !== undefined) {
    const option = place.command.options.find((each) => each.long === prefix);
    return option === undefined ? NONE : valuesOf(option, long!, names);
  }
  if (!place.isBehindDashes && current.startsWith('-')) return optionsOf(place.command);
  const below = place.command
    .createHelp()
    .visibleCommands(place.command)
    .map((each) => ({ value: each.name(), description: each.description() }));
  const first = place.arguments === 0 ? below : [];
  const argument = await argumentsOf(place, names);
  return { words: [...first, ...argument.words], files: argument.files };
}

function placeOf(program: Command, words: readonly string[], given: Map<string, string>): Place {
  let command = program;
  let option: Option | null = null;
  let count = 0;
  let isBehindDashes = false;
  for (const word of words) {
    if (option !== null) {
      given.set(option.attributeName(), word);
      option = null;
    } else if (isBehindDashes) count += 1;
    else if (word === '--') isBehindDashes = true;
    else if (word.startsWith('-')) {
      const [name, value] = word.split(/=(.*)/s, 2);
      const found = command.options.find(({ long, short }) => name === long || name === short);
      if (found === undefined || !(found.required || found.optional)) continue;
      if (value === undefined) option = found;
      else given.set(found.attributeName(), value);
    } else {
      const below = command.commands.find((each) => each.name() === word);
      if (below === undefined) count += 1;
      else command = below;
    }
  }
  return { command, option, arguments: count, isBehindDashes };
}

function optionsOf(command: Command): Candidates {
  const words = command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ value: long, description }] : []));
  return { words, files: false };
}

const FILES = /^(file|folder|dir)(\.\.\.)?$/;

async function valuesOf(option: Option, prefix: string, names: Names): Promise<Candidates> {
  const [, placeholder = ''] = /[<[]([^>\]]*)/.exec(option.flags) ?? [];
  if (FILES.test(placeholder)) return { words: [], files: true };
  const values = option.argChoices ?? (await named(option.long ?? '', names));
  return { words: values.map((value) => plain(`${prefix}${value}`)), files: false };
}

async function named(option: string, names: Names): Promise<readonly string[]> {
  if (option === '--topic') return names.topics();
  if (option === '--group') return names.groups();
  return option === '--profile' ? names.profiles() : [];
}

async function argumentsOf({ command, arguments: at }: Place, names: Names): Promise<Candidates> {
  const all = command.registeredArguments;
  const argument = all[at] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
  // What is to be made has a name of its own.
  if (argument === undefined || command.name() === 'create') return NONE;
  if (FILES.test(argument.name())) return { words: [], files: true };
  if (argument.argChoices !== undefined) {
    return { words: argument.argChoices.map(plain), files: false };
  }
  const isProfile = command.parent?.name() === 'profile';
  const values =
    argument.name() === 'group'
      ? await names.groups()
      : argument.name() === 'topic' || (argument.name() === 'name' && !isProfile)
        ? await names.topics()
        : isProfile
          ? await names.profiles()
          : [];
  return { words: values.map(plain), files: false };
}

function plain(value: string): Candidate {
  return { value, description: '' };
}
