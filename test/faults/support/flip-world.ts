import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { seededRandom } from '../../../engine/index.js';
import { startBroker } from '../../../server/index.js';
import { WireClient } from '../../server/bad-input/wire-client.js';
import { BROKER_SETTINGS } from './broker-process.js';
import { Load } from './load.js';
import { type ReadPartition, readPartition } from './read-topic.js';

/** What is read of a world: partitions by `topic-partition`, and the commit of the group. */
export interface Contents {
  readonly partitions: ReadonlyMap<string, ReadPartition>;
  readonly commit: { readonly errorCode: number; readonly offset: number };
}

/** A data directory of many kinds of files, in memory, with what clients read from it. */
export interface FlipWorld {
  /** By path below the directory. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly contents: Contents;
}

const PARTITIONS: readonly (readonly [topic: string, partition: number])[] = [
  ['plain', 0],
  ['plain', 1],
  ['trimmed', 0],
  ['state', 0],
];
const ACKS = 1300;

/**
 * Writes the directory by a broker under load, compacts it, stops it in order, and takes it into
 * memory.
 */
export async function makeFlipWorld(seed: number): Promise<FlipWorld> {
  const root = mkdtempSync(join(tmpdir(), 'odradek-flips-'));
  const dataDir = join(root, 'data');
  try {
    const broker = await startBroker({ dataDir, config: BROKER_SETTINGS });
    await new Load(seededRandom(seed)).run(broker.port, ACKS);
    await broker.clock.advance('1m');
    await broker.close();
    const files = new Map<string, Buffer>();
    for (const path of pathsBelow(dataDir)) files.set(relative(dataDir, path), readFileSync(path));
    const again = await startBroker({ dataDir, config: BROKER_SETTINGS });
    const contents = await readContents(again.port);
    await again.close();
    return { files, contents };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Writes the world's files below `dataDir`. */
export function layOut({ files }: FlipWorld, dataDir: string): void {
  for (const [path, bytes] of files) {
    const target = join(dataDir, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
}

/**
 * Reads every partition and the commit, as clients do: one whose connection ends, because a file
 * was cut in the middle of an answer, comes again, and is told then.
 */
export async function readContents(port: number): Promise<Contents> {
  return readOver(port).catch(() => readOver(port));
}

async function readOver(port: number): Promise<Contents> {
  const client = await WireClient.connect(port);
  try {
    const partitions = new Map<string, ReadPartition>();
    for (const [topic, partition] of PARTITIONS) {
      partitions.set(`${topic}-${partition}`, await readPartition(client, topic, partition));
    }
    return { partitions, commit: await readCommit(client) };
  } finally {
    client.close();
  }
}

async function readCommit(client: WireClient): Promise<Contents['commit']> {
  const answer = await client.call('OffsetFetch', 5, {
    groupId: 'group',
    topics: [{ name: 'plain', partitionIndexes: [0] }],
  });
  const partition = answer.topics[0]?.partitions[0];
  return {
    errorCode: answer.errorCode || (partition?.errorCode ?? 0),
    offset: partition?.committedOffset ?? -1,
  };
}

function pathsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? pathsBelow(path) : entry.isFile() ? [path] : [];
  });
}
