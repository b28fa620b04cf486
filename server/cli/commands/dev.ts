import type { Command } from 'commander';

import { collect, type Finish } from './options.js';

const DEV_EXAMPLES = `
Examples:
  odradek dev --topic orders:3
  odradek dev --versions 2.8 --set group.initial.rebalance.delay.ms=100

It prints one line of JSON when it serves: {"bootstrap":"localhost:…","control":"http://127.0.0.1:…",…}. The data
lies in a temporary folder. It ends, and removes the folder, when the process that started it ends, when the pipe
that is its stdin is closed, and at SIGINT, SIGTERM and SIGHUP. The control port takes
  POST /clock/advance {"by":"7d"}    POST /faults {"api":"Produce","error":"REQUEST_TIMED_OUT"}    DELETE /faults
  POST /reset    GET /requests?api=Produce    GET /records?topic=orders    POST /until {"topic":"orders","count":3}`;

export function define(command: Command, finish: Finish): void {
  command
    .option('-p, --port <port>', 'the port for clients; 0 is a free one', '0')
    .option('--control-port <port>', 'the control port, on 127.0.0.1; 0 is a free one', '0')
    .option('-t, --topic <name[:partitions]>', 'a topic to begin with', collect, [])
    .option('-s, --set <key=value>', 'one setting of the broker', collect, [])
    .option('--versions <release>', 'announce the versions of a release of Kafka, such as 2.8')
    .option('--no-stdin', 'do not end when stdin is closed')
    .addHelpText('after', DEV_EXAMPLES)
    .action(async (options) => {
      const { dev } = await import('../dev.js');
      finish(await dev(options));
    });
}
