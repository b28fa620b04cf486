import type { Command } from 'commander';

import { collect, type Finish } from './options.js';

const START_EXAMPLES = `
Examples:
  odradek start --set log.dirs=./data --set listeners=PLAINTEXT://localhost:9092
  odradek start --config server.properties --set log.retention.ms=3600000
  KAFKA_NUM_PARTITIONS=3 odradek start --print-config > server.properties

Settings have Kafka's names. --set goes before KAFKA_* variables, those before the file, the file before
the default. SIGINT and SIGTERM stop the broker cleanly; a second signal ends it at once.`;

export function define(command: Command, finish: Finish): void {
  command
    .option('-c, --config <file>', 'a server.properties file')
    .option('-s, --set <key=value>', 'one setting; goes before environment and file', collect, [])
    .option(
      '--print-config',
      'print a properties file of all settings with their sources, and do not start',
    )
    .addHelpText('after', START_EXAMPLES)
    .action(async (options) => {
      const { start } = await import('../start.js');
      finish(await start(options));
    });
}
