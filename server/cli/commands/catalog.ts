import type { Command } from 'commander';
import { EXIT } from '../cli-error.js';

import type { ReportOptions } from '../report.js';
import { type Finish, index, reporting } from './options.js';

const CATALOG_EXAMPLES = `
Examples:
  odradek catalog check data
  odradek catalog rebuild data

The catalogs are catalog.mdb (checkpoints, log starts, a copy of the metadata) and metadata.mdb (topics, settings, ids).`;

const CHECK_EXAMPLES = `
Examples:
  odradek catalog check data
  odradek catalog check /var/lib/odradek && odradek start --set log.dirs=/var/lib/odradek

Changes nothing. Exits with 1 when anything is damaged, missing, or does not fit the folders; meta.properties is checked, too.`;

const REBUILD_EXAMPLES = `
Examples:
  odradek catalog rebuild data
  odradek catalog rebuild data --node-id 3

metadata.mdb is made of what can be read of it, of its copy in catalog.mdb and of the partition folders; catalog.mdb of the
folders, after which every log is read once. What cannot be known is printed as a WARNING: a topic that is known by its
folders only keeps everything until you set its retention. Files that are replaced stay as <name>.damaged-<n>.`;

export function define(command: Command, finish: Finish): void {
  command.addHelpText('after', CATALOG_EXAMPLES);
  reporting(command.command('check <dir>'))
    .description('read both catalogs whole and print what is wrong with them')
    .addHelpText('after', CHECK_EXAMPLES)
    .action(async (dir: string, options: ReportOptions) => {
      const { checkCatalogs } = await import('../catalog.js');
      finish((await checkCatalogs(dir, options)) ? EXIT.ok : EXIT.failure);
    });
  command
    .command('rebuild <dir>')
    .description('make new catalogs in the place of damaged or lost ones, and keep the old files')
    .option('--node-id <id>', 'whose partitions are, where nothing says so any more', index, 1)
    .addHelpText('after', REBUILD_EXAMPLES)
    .action(async (dir: string, options) => {
      const { rebuildCatalogs } = await import('../catalog.js');
      await rebuildCatalogs(dir, options);
    });
}
