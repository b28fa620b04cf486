import type { Command } from 'commander';
import { changing, collect, remote } from './options.js';

const CONFIGS_EXAMPLES = `
Examples:
  odradek configs describe orders
  odradek configs describe --broker --all
  odradek configs alter orders --set retention.ms=3600000`;

const DESCRIBE_EXAMPLES = `
Examples:
  odradek configs describe orders
  odradek configs describe orders events --key retention.ms
  odradek configs describe --broker --all
  odradek configs describe --all-brokers --json

Without --all and --key, settings that nobody has set are left out.`;

const ALTER_EXAMPLES = `
Examples:
  odradek configs alter orders --set retention.ms=3600000 --delete segment.bytes
  odradek configs alter orders events --append cleanup.policy=compact
  odradek configs alter --broker --set log.cleaner.threads=2
  odradek configs alter --all-brokers --set log.retention.ms=3600000 --dry-run

The broker checks all changes before it makes the first.`;

export function define(command: Command): void {
  command.addHelpText('after', CONFIGS_EXAMPLES);
  chosen(remote(command.command('describe [topic...]')))
    .description('print the settings of topics or brokers, and who has set them')
    .option('-a, --all', 'settings that nobody has set, too')
    .option('-k, --key <name>', 'this setting only; may be repeated', collect, [])
    .addHelpText('after', DESCRIBE_EXAMPLES)
    .action(async (topics: string[], options) => {
      const { describeConfigs } = await import('../configs/describe.js');
      await describeConfigs([...topics, ...options.topic], options);
    });
  changing(chosen(remote(command.command('alter [topic...]'))))
    .description('change settings of topics or brokers while they run')
    .addHelpText('after', ALTER_EXAMPLES)
    .action(async (topics: string[], options) => {
      const { alterConfigs } = await import('../configs/alter.js');
      await alterConfigs([...topics, ...options.topic], options);
    });
}

function chosen(command: Command): Command {
  return command
    .option('-t, --topic <name>', 'one more topic', collect, [])
    .option('--broker [id]', 'the broker, or the one with this node id')
    .option('--all-brokers', 'what holds for every broker');
}
