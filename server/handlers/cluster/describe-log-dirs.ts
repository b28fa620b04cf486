import { resolve } from 'node:path';
import type { DiskSpace, Work } from '../../../engine/index.js';
import type { Partitions } from '../../partition/partitions.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { DescribeLogDirs } from '../../protocol/messages/describe-log-dirs.js';
import { forEachInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface DescribeLogDirsParts {
  readonly partitions: Pick<Partitions, 'open'>;
  readonly dataDir: string;
  /** The file system of the data directory. */
  space(): Promise<DiskSpace>;
}

type TopicAnswer = ResponseOf<typeof DescribeLogDirs>['results'][number]['topics'][number];

/**
 * DescribeLogDirs (KIP-113): the one data directory, and the bytes of the requested partitions in
 * it. Partitions of other brokers are left out.
 */
export const describeLogDirs = handler(
  DescribeLogDirs,
  { asks: [{ operation: 'describe', resource: 'cluster' }], readsOnly: true },
  describeLogDirsHandler,
);

function describeLogDirsHandler(parts: DescribeLogDirsParts): Handler<typeof DescribeLogDirs> {
  return async ({ apiVersion, work }, { topics }) => {
    const isWanted = await wantedBy(work, topics);
    const byTopic = new Map<string, TopicAnswer['partitions'][number][]>();
    for (const { name, log } of parts.partitions.open()) {
      const pause = work.did(1);
      if (pause !== null) await pause;
      if (!isWanted(name.topic, name.partition)) continue;
      const partitions = byTopic.get(name.topic) ?? [];
      partitions.push({
        partitionIndex: name.partition,
        partitionSize: log.sizeBytes,
        offsetLag: 0,
        isFutureKey: false,
      });
      byTopic.set(name.topic, partitions);
    }
    const found = [...byTopic].map(([name, partitions]) => ({ name, partitions }));
    const logDir = resolve(parts.dataDir);
    const sizes = apiVersion < 4 ? {} : await sizesOf(parts);
    return {
      errorCode: ErrorCode.NONE,
      results: [{ errorCode: ErrorCode.NONE, logDir, topics: found, ...sizes }],
    };
  };
}

/** Both unknown (-1) where the system does not say. */
async function sizesOf(
  parts: DescribeLogDirsParts,
): Promise<{ totalBytes: number; usableBytes: number }> {
  try {
    const { totalBytes, freeBytes } = await parts.space();
    return { totalBytes, usableBytes: freeBytes };
  } catch {
    return { totalBytes: -1, usableBytes: -1 };
  }
}

async function wantedBy(
  work: Work,
  topics: RequestOf<typeof DescribeLogDirs>['topics'],
): Promise<(topic: string, partition: number) => boolean> {
  if (topics === null) return () => true;
  const wanted = new Map<string, Set<number>>();
  await forEachInSlices(work, topics, ({ topic, partitions }) => {
    const indexes = wanted.get(topic) ?? new Set();
    wanted.set(topic, indexes);
    return forEachInSlices(work, partitions, (index) => void indexes.add(index));
  });
  return (topic, partition) => wanted.get(topic)?.has(partition) ?? false;
}
