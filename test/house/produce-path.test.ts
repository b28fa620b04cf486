import { basename } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openEngine } from '../../engine/index.js';
import { LogWriter } from '../../engine/log/append/log-writer.js';
import { Log } from '../../engine/log/log.js';
import { batchOf, memoryBroker, produceOf } from '../support/memory-broker.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Files of ours on the stack of the call, outermost first, each as often as it is entered. */
function filesOnTheWay(): string[] {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 40;
  const stack = new Error().stack ?? '';
  Error.stackTraceLimit = before;
  const files = [...stack.matchAll(/\/(?:server|engine)\/[\w/-]+\.ts/g)]
    .map(([path]) => basename(path))
    .reverse();
  return files.filter((file, at) => file !== files[at - 1]);
}

test('a produced batch goes from its handler to the writer by these files, and enters the log once', async () => {
  const engine = await openEngine(temporaryFolder());
  const broker = await memoryBroker({ host: engine });
  onTestFinished(async () => {
    await broker.partitions.stop();
    await broker.store.close();
    await engine.close();
  });
  await broker.createTopic('t');
  const entries: string[] = [];
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(Log.prototype))) {
    if (name === 'constructor' || typeof value !== 'function') continue;
    const method = value as (this: Log, ...args: unknown[]) => unknown;
    vi.spyOn(Log.prototype, name as 'append').mockImplementation(function (this: Log, ...args) {
      entries.push(name);
      return method.apply(this, args) as never;
    });
  }
  const ways: string[][] = [];
  const { stage } = LogWriter.prototype;
  vi.spyOn(LogWriter.prototype, 'stage').mockImplementation(function (this: LogWriter, ...args) {
    ways.push(filesOnTheWay());
    return stage.apply(this, args);
  });
  onTestFinished(() => void vi.restoreAllMocks());
  await broker.call('Produce', 9, produceOf('t', batchOf(['first'])));
  entries.length = 0;
  ways.length = 0;
  await broker.call('Produce', 9, produceOf('t', batchOf(['second'])));
  expect(entries).toEqual(['append']);
  const way = ways[0]!.slice(ways[0]!.lastIndexOf('produce.ts'));
  expect(way).toEqual(['produce.ts', 'leader.ts', 'log.ts', 'leader-appends.ts']);
});
