import type { Command } from 'commander';
import { EXIT } from '../cli-error.js';
import { type Finish, reporting } from './options.js';

const DUMP_EXAMPLES = `
Examples:
  odradek dump-log data/orders-0/00000000000000000000.log
  odradek dump-log --records data/orders-0/00000000000000000000.log | less
  odradek dump-log data/orders-0/00000000000000000000.index
  odradek dump-log --json data/orders-0/00000000000000000000.log | jq -s 'map(.recordCount // 0) | add'

Exits with 1 when the file is damaged.`;

export function define(command: Command, finish: Finish): void {
  reporting(command)
    .option('--records', 'print the records of each batch too')
    .addHelpText('after', DUMP_EXAMPLES)
    .action(async (file: string, options) => {
      const { dumpLog } = await import('../dump-log.js');
      finish((await dumpLog(file, options)) ? EXIT.ok : EXIT.failure);
    });
}
