import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { endOf, lastWords, startChild, stopChild } from '../lib/children.js';
import { BROKER_CORE } from '../lib/driver.js';
import { skipped, voided } from '../lib/outcome.js';
import { programPath } from '../lib/paths.js';
import { compiled, pinned } from '../lib/tools.js';
import type { Target } from './target.js';

export type FloorLanguage = 'Node' | 'C';

/** A floor's work and its arguments; see `floors/`. */
export type FloorWork =
  | {
      readonly kind: 'append';
      readonly folder: string;
      readonly sync: 'os' | 'ack';
      /** What it receives into: room for many frames, or (in Node) for exactly one. */
      readonly buffer: 'large' | 'frame';
    }
  /** `copy`: the slices are read and written. In Node only. */
  | { readonly kind: 'sendfile' | 'copy'; readonly file: string; readonly sliceBytes: number };

/** Every topic of a floor has a name as long as a broker's, for the sake of equal frames. */
const TOPIC = 'bench-000000';
/**
 * Size, API key, version, correlation id, client id, transactional id, acks, timeout, topics, name,
 * partitions, index, size.
 */
const BATCH_AT = 4 + 2 + 2 + 4 + (2 + 5) + 2 + 2 + 4 + 4 + (2 + TOPIC.length) + 4 + 4 + 4;

/** Starts a floor on the broker's core. */
export async function startFloor(language: FloorLanguage, work: FloorWork): Promise<Target> {
  const args =
    work.kind === 'append'
      ? [work.folder, work.sync, String(BATCH_AT), work.buffer]
      : [work.file, String(work.sliceBytes)];
  const isFrame = work.kind === 'append' && work.buffer === 'frame';
  const child = await startChild(pinned(BROKER_CORE, [...program(language, work.kind), ...args]));
  const lines = createInterface({ input: child.process.stdout! });
  const said = async (): Promise<string> => {
    const [line] = await Promise.race([
      once(lines, 'line'),
      child.exited.then(() => {
        throw voided(`the floor ended: ${lastWords(child)}`);
      }),
    ]);
    return line as string;
  };
  const port = Number((await said()).slice('port '.length));
  return {
    name: `${language} floor${isFrame ? ', frame buffer' : ''}${work.kind === 'copy' ? ', read and written' : ''}`,
    pid: child.pid,
    port,
    folder: work.kind === 'append' ? work.folder : '',
    createTopic: async () => {
      const answer = said();
      child.process.stdin!.write('fresh\n');
      await answer;
      return TOPIC;
    },
    deleteTopic: async () => {},
    ended: () => endOf(child),
    stop: async () => {
      await stopChild(child);
    },
  };
}

function program(language: FloorLanguage, kind: FloorWork['kind']): string[] {
  if (language === 'Node') return [process.execPath, programPath(`floors/node-${kind}`)];
  const binary = compiled('floors/floor.c');
  if (binary === null)
    throw skipped('cc is missing, so there is no floor in C: install a C compiler');
  return [binary, kind];
}
