import { type Command, Option } from 'commander';
import { collect, count, index, remote } from './options.js';

const CONSUME_EXAMPLES = `
Examples:
  odradek consume orders                            everything, and what comes, until Ctrl-C
  odradek consume orders --from -10 --exit          the last ten records of each partition
  odradek consume orders payments --from 1h         the last hour of two topics, and what comes
  odradek consume --pattern 'orders-.*'             all that match as a whole, also those that come
  odradek consume orders --from 2026-11-22T09:30:00Z --to 2026-11-22T09:45:00Z
  odradek consume orders --to end --json            all that there is now
  odradek consume orders --group billing            goes on where the group was; --from is for its first time
  odradek consume orders -f '%t-%p@%o %T %k: %s\\n'

--to names the first record that is not read, as --from the first that is; an offset that is not there yet is
waited for. With several topics each line begins with the topic and a tab, unless --format says otherwise.

Fields: %s value, %k key, %t topic, %p partition, %o offset, %T timestamp in ms, %h headers, %S and %K sizes
(-1: null), %R size of the value as four bytes. \\n \\r \\t \\0 \\xNN are escaped as in kcat.`;

export function define(command: Command): void {
  remote(command)
    .option(
      '--pattern <regex>',
      "all topics that it matches as a whole, such as 'orders-.*'; may be repeated, also written '^orders-.*' as a topic",
      collect,
      [],
    )
    .addOption(
      new Option('--include <regex>', 'the same, as in kafka-console-consumer')
        .argParser<string[]>(collect)
        .default([])
        .hideHelp(),
    )
    .option(
      '-o, --from <position>',
      'beginning, end, an offset, -N for the last N, an ISO time, or 1h for an hour ago',
    )
    .option('--to <position>', 'stop before this: the same, such as end for what there is now')
    .option('-p, --partition <number>', 'this partition only', index)
    .option(
      '-g, --group <name>',
      'share the partitions with other members, and go on where they were',
    )
    .option('-K, --key-separator <text>', 'print the key, too, with this between it and the value')
    .option('-f, --format <format>', "json, or text with fields such as '%k\\t%s\\n'")
    .option('-c, --count <number>', 'stop after so many records', count)
    .option('-e, --exit', 'stop at the end of every topic')
    .addHelpText('after', CONSUME_EXAMPLES)
    .action(async (topics: string[], { include, pattern, ...options }) => {
      const { consume } = await import('../consume.js');
      await consume(topics, { ...options, pattern: [...pattern, ...include] });
    });
}
