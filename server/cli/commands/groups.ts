import type { Command } from 'commander';
import { collect, index, remote, signed } from './options.js';

const GROUPS_EXAMPLES = `
Examples:
  odradek groups list
  odradek groups describe billing
  odradek groups reset-offsets billing --topic orders --to-earliest --execute
  odradek groups delete billing`;

const LIST_EXAMPLES = `
Examples:
  odradek groups list
  odradek groups list --state`;

const DESCRIBE_EXAMPLES = `
Examples:
  odradek groups describe
  odradek groups describe billing
  odradek groups describe billing --members

LAG is the number of records that are still to be read; - stands for what is not known.`;

const LAG_EXAMPLES = `
Examples:
  odradek groups lag
  odradek groups lag billing
  odradek groups lag --topic orders --json

Partitions for which a group has committed nothing are not counted.`;

const DELETE_OFFSETS_EXAMPLES = `
Examples:
  odradek groups delete-offsets billing --topic orders
  odradek groups delete-offsets billing --topic orders:0,1`;

const RESET_EXAMPLES = `
Examples:
  odradek groups reset-offsets billing --topic orders --to-earliest
  odradek groups reset-offsets billing --topic orders:0,1 --to-offset 42 --execute
  odradek groups reset-offsets billing --all-topics --to-datetime 2026-11-22T09:30:00 --execute
  odradek groups reset-offsets billing --all-topics --by-duration PT1H30M --execute
  odradek groups reset-offsets billing --topic orders --shift-by -10 --execute

The group must have no members.`;

const DELETE_EXAMPLES = `
Examples:
  odradek groups delete billing
  odradek groups delete billing shipping`;

export function define(command: Command): void {
  command.addHelpText('after', GROUPS_EXAMPLES);
  remote(command.command('list'))
    .description('print the names of all groups')
    .option('--state', 'print their states, too')
    .addHelpText('after', LIST_EXAMPLES)
    .action(async (options) => {
      const { listGroups } = await import('../groups.js');
      await listGroups(options);
    });
  remote(command.command('describe [group...]'))
    .description('print how far groups have read, or all groups')
    .option('--members', 'print who their members are instead')
    .option('--state', 'print how they are instead')
    .addHelpText('after', DESCRIBE_EXAMPLES)
    .action(async (names: string[], options) => {
      const { describeGroups } = await import('../describe-groups.js');
      await describeGroups(names, options);
    });
  remote(command.command('lag [group...]'))
    .description('print how many records groups have still to read, by topic')
    .option('-t, --topic <name>', 'this topic only')
    .addHelpText('after', LAG_EXAMPLES)
    .action(async (names: string[], options) => {
      const { groupLag } = await import('../describe-groups.js');
      await groupLag(names, options);
    });
  remote(command.command('reset-offsets <group>'))
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
      const { resetOffsets } = await import('../reset-offsets.js');
      await resetOffsets(name, options);
    });
  remote(command.command('delete-offsets <group>'))
    .description('forget what a group has committed for topics that it does not read any more')
    .option('-t, --topic <name[:0,1]>', 'a topic, or some of its partitions', collect, [])
    .addHelpText('after', DELETE_OFFSETS_EXAMPLES)
    .action(async (name: string, options) => {
      const { deleteOffsets } = await import('../delete-offsets.js');
      await deleteOffsets(name, options);
    });
  remote(command.command('delete <group...>'))
    .description('delete groups without members, with their offsets')
    .addHelpText('after', DELETE_EXAMPLES)
    .action(async (names: string[], options) => {
      const { deleteGroups } = await import('../groups.js');
      await deleteGroups(names, options);
    });
}
