import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { endOf, startChild, stopChild } from '../lib/children.js';
import type { BatchShape } from '../lib/frames.js';
import { programPath } from '../lib/paths.js';
import type { Target } from './target.js';

/**
 * Starts the broker that only answers; see `floors/null-broker.ts`. Its fetches bring batches of
 * `shape`.
 */
export async function startNullBroker(shape: BatchShape): Promise<Target> {
  const args = [String(shape.recordBytes), String(shape.batchBytes)];
  const child = await startChild([process.execPath, programPath('floors/null-broker'), ...args]);
  const [line] = (await once(createInterface({ input: child.process.stdout! }), 'line')) as [
    string,
  ];
  let topics = 0;
  return {
    name: 'null broker',
    pid: child.pid,
    port: Number(line.slice('port '.length)),
    folder: '',
    createTopic: async () => `null-${++topics}`,
    deleteTopic: async () => {},
    ended: () => endOf(child),
    stop: async () => {
      await stopChild(child);
    },
  };
}
