import { vi } from 'vitest';
import { buildBatch, type RecordInput } from '../../engine/index.js';
import { EXIT } from '../../server/cli/cli-error.js';
import { Client } from '../../server/cli/client.js';
import { describeFailure } from '../../server/cli/failure.js';
import { runProgram } from '../../server/cli/program.js';
import { APIS } from '../../server/handlers/apis.js';
import type { StartBrokerOptions } from '../../server/index.js';
import { startTestBroker } from './start-broker.js';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process, as `odradek` would. One at a time. */
export async function odradek(...args: string[]): Promise<CommandResult> {
  const texts = { stdout: '', stderr: '' };
  const capture = (name: 'stdout' | 'stderr') =>
    vi.spyOn(process[name], 'write').mockImplementation(((
      chunk: string | Uint8Array,
      ...rest: unknown[]
    ) => {
      texts[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
      done?.();
      return true;
    }) as typeof process.stdout.write);
  const spies = [capture('stdout'), capture('stderr')];
  try {
    const code = await runProgram(['node', 'odradek', ...args]).catch((error: unknown) => {
      const { lines, exitCode } = describeFailure(error);
      for (const line of lines) texts.stderr += `odradek: ${line}\n`;
      return exitCode;
    });
    return { code, ...texts };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** A broker in this process, and the command line that is connected to it. */
export async function cliBroker(options?: StartBrokerOptions) {
  const broker = await startTestBroker(options);
  const run = (...args: string[]): Promise<CommandResult> =>
    odradek(...args, '--bootstrap-server', broker.bootstrap);
  return {
    broker,
    run,
    /** The lines that a command that succeeds prints. */
    lines: async (...args: string[]): Promise<string[]> => {
      const { code, stdout, stderr } = await run(...args);
      if (code !== EXIT.ok) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
      return stdout.split('\n').slice(0, -1);
    },
    /** The objects that a command that succeeds prints with --json. */
    objects: async <T = Record<string, unknown>>(...args: string[]): Promise<T[]> => {
      const { code, stdout, stderr } = await run(...args, '--json');
      if (code !== EXIT.ok) throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}`);
      return stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as T);
    },
    /** Appends one batch of records to a partition. */
    produce: async (
      topic: string,
      index: number,
      records: readonly RecordInput[],
      options: Parameters<typeof buildBatch>[1] = {},
    ) => {
      const client = await Client.connect({ bootstrap: broker.bootstrap });
      const batch = await buildBatch(records, options);
      const { topics } = await client.request(APIS.Produce, {
        acks: -1,
        timeoutMs: 10_000,
        topics: [{ name: topic, partitions: [{ index, records: batch }] }],
      });
      client.close();
      const { errorCode, errorMessage } = topics[0]!.partitions[0]!;
      if (errorCode !== 0) throw new Error(`not produced: ${errorCode} ${errorMessage}`);
    },
  };
}

/** Records whose values are these texts. */
export function valued(...values: string[]): RecordInput[] {
  return values.map((value) => ({ key: null, value, timestamp: 1_700_000_000_000 }));
}
