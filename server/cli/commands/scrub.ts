import type { Command } from 'commander';
import { EXIT } from '../cli-error.js';
import type { Finish } from './options.js';

const SCRUB_EXAMPLES = `
Examples:
  odradek scrub data
  odradek scrub data/orders-0
  nice -n 19 ionice -c 3 odradek scrub /var/lib/odradek || mail -s 'damaged logs' ops

A broker may run on the folder; nothing is changed, and what is found is not told to the broker. It reads as fast as the disk
gives. Exits with 1 when anything is damaged.`;

export function define(command: Command, finish: Finish): void {
  command.addHelpText('after', SCRUB_EXAMPLES).action(async (folder: string) => {
    const { scrub } = await import('../scrub.js');
    finish((await scrub(folder)) ? EXIT.ok : EXIT.failure);
  });
}
