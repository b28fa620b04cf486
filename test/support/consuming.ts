import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { cliBroker } from './cli-broker.js';
import { type CommandProcess, spawnCommand } from './spawn-broker.js';

/** A broker with these topics, of two partitions each, and processes that read them. */
export async function withTopics(...topics: string[]) {
  const broker = await cliBroker();
  for (const topic of topics) await broker.run('topics', 'create', topic, '-p', '2');
  return {
    ...broker,
    /** A process that reads until it is told to stop. */
    spawn: (...args: string[]): CommandProcess => {
      const command = spawnCommand(['consume', ...args, '-b', broker.broker.bootstrap]);
      onTestFinished(() => void command.kill('SIGKILL'));
      return command;
    },
  };
}

/** Resolves when the process has printed `text`. */
export async function untilStdout(command: CommandProcess, text: string): Promise<void> {
  while (!command.stdout.includes(text)) await once(command.child.stdout!, 'data');
}
