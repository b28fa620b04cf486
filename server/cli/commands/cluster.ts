import type { Command } from 'commander';
import { duration, remote } from './options.js';

const CLUSTER_EXAMPLES = `
Examples:
  odradek cluster info
  odradek cluster health
  odradek cluster logdirs`;

const INFO_EXAMPLES = `
Examples:
  odradek cluster info
  odradek cluster info --timeout 2s --json

It ends with 0 when a broker answers in time, and with 1 when none does: a health check of a container.`;

const HEALTH_EXAMPLES = `
Examples:
  odradek cluster health
  odradek cluster health --json

It ends with 1 when no broker answers, a partition has no leader or too few replicas in sync, or a data directory has failed.`;

const LOGDIRS_EXAMPLES = `
Examples:
  odradek cluster logdirs`;

export function define(command: Command): void {
  command.addHelpText('after', CLUSTER_EXAMPLES);
  patient(remote(command.command('info')))
    .description('print brokers, what they hold, and what is wrong')
    .addHelpText('after', INFO_EXAMPLES)
    .action(async (options) => {
      const { clusterInfo } = await import('../cluster/cluster.js');
      await clusterInfo({ ...options, timeoutMs: options.timeout });
    });
  patient(remote(command.command('health')))
    .description('end with 1 unless every partition is served')
    .addHelpText('after', HEALTH_EXAMPLES)
    .action(async (options) => {
      const { clusterHealth } = await import('../cluster/cluster.js');
      await clusterHealth({ ...options, timeoutMs: options.timeout });
    });
  patient(remote(command.command('logdirs')))
    .description('print data directories with their sizes')
    .addHelpText('after', LOGDIRS_EXAMPLES)
    .action(async (options) => {
      const { clusterLogDirs } = await import('../cluster/cluster.js');
      await clusterLogDirs({ ...options, timeoutMs: options.timeout });
    });
}

function patient(command: Command): Command {
  return command.option(
    '--timeout <duration>',
    'how long to wait for each answer, such as 500ms (default: 5s)',
    duration,
  );
}
