import type { Command } from 'commander';
import { EXIT } from '../cli-error.js';
import { type Finish, reporting } from './options.js';

const REPAIR_EXAMPLES = `
Examples:
  odradek repair-log data/orders-0
  odradek repair-log data/__consumer_offsets-17 --execute
  odradek repair-log data/orders-0 --json

No broker may run on the data directory. Whole batches stay; where only a batch's length, base offset, leader epoch or format
byte has changed, which no checksum covers, it is mended; batches without records take the place of lost ones, so that offsets
stay as they are. What is lost is printed. Segments that are replaced stay as <segment>.damaged. Exits with 1 when damage was
found and --execute was not given.`;

export function define(command: Command, finish: Finish): void {
  reporting(command)
    .option('--dry-run', 'change nothing (the default)')
    .option('--execute', 'do it')
    .addHelpText('after', REPAIR_EXAMPLES)
    .action(async (folder: string, options) => {
      const { repairLog } = await import('../repair-log.js');
      finish((await repairLog(folder, options)) ? EXIT.ok : EXIT.failure);
    });
}
