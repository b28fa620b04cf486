import type { Command } from 'commander';
import { EXIT } from '../cli-error.js';
import type { ReportOptions } from '../report.js';
import { type Finish, reporting } from './options.js';

const SCRUB_EXAMPLES = `
Examples:
  odradek scrub data
  odradek scrub data/orders-0
  odradek scrub data --json | jq -r 'select(.kind == "damage").path'
  nice -n 19 ionice -c 3 odradek scrub /var/lib/odradek || mail -s 'damaged logs' ops

A broker may run on the folder; nothing is changed, and what is found is not told to the broker. It reads as fast as the disk
gives. Exits with 1 when anything is damaged.`;

export function define(command: Command, finish: Finish): void {
  reporting(command)
    .addHelpText('after', SCRUB_EXAMPLES)
    .action(async (folder: string, options: ReportOptions) => {
      const { scrub } = await import('../scrub.js');
      finish((await scrub(folder, options)) ? EXIT.ok : EXIT.failure);
    });
}
