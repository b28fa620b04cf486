import type { Command } from 'commander';
import { count, index, remote } from './options.js';

const CONSUME_EXAMPLES = `
Examples:
  odradek consume orders                            everything, and what comes, until Ctrl-C
  odradek consume orders --from -10 --exit          the last ten records of each partition
  odradek consume orders --from 2026-11-22T09:30:00Z --count 100
  odradek consume orders --group billing            goes on where the group was; --from is for its first time
  odradek consume orders -f '%t-%p@%o %T %k: %s\\n'

Fields: %s value, %k key, %t topic, %p partition, %o offset, %T timestamp in ms, %h headers, %S and %K sizes
(-1: null), %R size of the value as four bytes. \\n \\r \\t \\0 \\xNN are escaped as in kcat.`;

export function define(command: Command): void {
  remote(command)
    .option('-o, --from <position>', 'beginning, end, an offset, -N for the last N, or an ISO time')
    .option('-p, --partition <number>', 'this partition only', index)
    .option(
      '-g, --group <name>',
      'share the partitions with other members, and go on where they were',
    )
    .option('-K, --key-separator <text>', 'print the key, too, with this between it and the value')
    .option('-f, --format <format>', "json, or text with fields such as '%k\\t%s\\n'")
    .option('-c, --count <number>', 'stop after so many records', count)
    .option('-e, --exit', 'stop at the end of the topic')
    .addHelpText('after', CONSUME_EXAMPLES)
    .action(async (topic: string, options) => {
      const { consume } = await import('../consume.js');
      await consume(topic, options);
    });
}
