import type { Command } from 'commander';
import { EXIT } from '../cli-error.js';
import type { ReportOptions } from '../report.js';
import { type Finish, reporting } from './options.js';

const BACKUP_EXAMPLES = `
Examples:
  odradek backup data backups/monday
  odradek backup /var/lib/odradek /mnt/backups/2026-12-01
  odradek start --set log.dirs=backups/monday       a broker on the copy

The broker is stopped, and the second folder is new or empty. On the same file system, segments that are full are hard links and take no
room; neither directory changes a file of the other. The copy has the id of its original: one of the two serves at a time.`;

export function define(command: Command, finish: Finish): void {
  reporting(command)
    .addHelpText('after', BACKUP_EXAMPLES)
    .action(async (from: string, to: string, options: ReportOptions) => {
      const { backup } = await import('../backup.js');
      await backup(from, to, options);
      finish(EXIT.ok);
    });
}
