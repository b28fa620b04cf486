import { type Command, Option } from 'commander';
import { acks, collect, index, remote } from './options.js';

const PRODUCE_EXAMPLES = `
Examples:
  odradek produce orders --file lines.txt
  echo 'user-1:signed in' | odradek produce events --key-separator : --header source=shell
  odradek consume orders -f json --exit | odradek produce copy -f json --codec zstd

With --format json each line is {"key":…,"value":…,"headers":[{"key":…,"value":…}],"partition":…,"timestamp":…};
all but the value may be left out, and "keyBase64" and "valueBase64" hold bytes that are no text.`;

export function define(command: Command): void {
  remote(command)
    .option(
      '-K, --key-separator <text>',
      'stands between key and value; without it there are no keys',
    )
    .option('-p, --partition <number>', 'where to (default: by the key, as Java clients do)', index)
    .addOption(
      new Option('-f, --format <format>', 'json: each line is an object').choices(['json']),
    )
    .addOption(
      new Option('-z, --codec <codec>', 'how batches are compressed')
        .choices(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
        .default('none'),
    )
    .option('-a, --acks <acks>', 'all, 1, or 0 for no answer', acks, -1)
    .option('-H, --header <name=value>', 'one header of every record; may be repeated', collect, [])
    .option('--file <file>', 'read lines from this file instead of stdin')
    .option('-Z, --null', 'empty values are null: they delete their keys in a compacted topic')
    .addHelpText('after', PRODUCE_EXAMPLES)
    .action(async (topic: string, options) => {
      const { produce } = await import('../produce.js');
      await produce(topic, options);
    });
}
