import type { Command } from 'commander';
import { index, remote } from './options.js';

const EXAMPLES = `
Examples:
  odradek producers orders
  odradek producers orders --partition 0 --json

A producer that is not idempotent leaves no trace, and is not among them.`;

export function define(command: Command): void {
  remote(command)
    .option('-p, --partition <number>', 'this partition only', index)
    .addHelpText('after', EXAMPLES)
    .action(async (topic: string, options) => {
      const { describeProducers } = await import('../producers.js');
      await describeProducers(topic, options);
    });
}
