import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../../server/cli/commands/list.js';
import { createProgram } from '../../../server/cli/program.js';

test('a named command is defined whole, and the others by name and summary', async () => {
  const program = await createProgram(() => {}, 'topics');
  const find = (name: string) => program.commands.find((command) => command.name() === name)!;
  expect(find('topics').commands.map((command) => command.name())).toContain('create');
  expect(find('groups').commands).toEqual([]);
  expect(find('groups').description()).not.toBe('');
  expect(program.commands.map((command) => command.name())).toEqual(
    COMMANDS.map(({ usage }) => usage.split(' ')[0]),
  );
});

/** Each command with those below it. */
function* withAll(command: Command): Generator<Command> {
  yield command;
  for (const below of command.commands) yield* withAll(below);
}

test('every command says what it does, shows examples, and explains each option', async () => {
  const program = await createProgram(() => {});
  for (const command of withAll(program)) {
    const name = command.name();
    let shown = '';
    command.configureOutput({
      writeOut: (text) => {
        shown += text;
      },
    });
    command.outputHelp();
    expect({ name, description: command.description() }).not.toEqual({ name, description: '' });
    expect(shown, name).toContain('Examples:');
    for (const { flags, description } of command.options) {
      expect({ name, flags, description }).not.toEqual({ name, flags, description: '' });
    }
  }
});
