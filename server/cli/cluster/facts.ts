import { ErrorCode, errorInfo } from '../../protocol/error-codes.js';
import { DescribeLogDirs } from '../../protocol/messages/describe-log-dirs.js';
import { Metadata } from '../../protocol/messages/metadata.js';
import { check } from '../answers.js';
import type { Client } from '../client.js';
import { READ_ONLY } from '../topic-partitions.js';

/** What is told of a cluster, as `--json` prints it. */
export interface ClusterFacts {
  readonly clusterId: string | null;
  readonly controller: number | null;
  readonly brokers: readonly {
    readonly nodeId: number;
    readonly host: string;
    readonly port: number;
    readonly rack: string | null;
  }[];
  readonly topics: number;
  readonly partitions: number;
  /** Partitions without a leader, which nobody can read or write: `orders-0`. */
  readonly leaderless: readonly string[];
  /** Partitions with fewer replicas in sync than they have. */
  readonly underReplicated: readonly string[];
  readonly logDirs: readonly LogDirFacts[];
}

export interface LogDirFacts {
  readonly path: string;
  readonly partitions: number;
  readonly sizeBytes: number;
  /** Of its file system; null if unknown. */
  readonly totalBytes: number | null;
  readonly freeBytes: number | null;
  /** The name of an error code; null where there is none. */
  readonly error: string | null;
}

/** Asks the broker for its cluster and for its own data directories. */
export async function clusterFacts(client: Client): Promise<ClusterFacts> {
  const metadata = await client.request(Metadata, { topics: null, ...READ_ONLY });
  const partitions = metadata.topics.flatMap(({ name, partitions }) =>
    partitions.map((each) => ({ label: `${name}-${each.partitionIndex}`, ...each })),
  );
  const labels = (wanted: (each: (typeof partitions)[number]) => boolean): string[] =>
    partitions.filter(wanted).map(({ label }) => label);
  return {
    clusterId: metadata.clusterId,
    controller: metadata.controllerId === -1 ? null : metadata.controllerId,
    brokers: metadata.brokers.map(({ nodeId, host, port, rack }) => ({ nodeId, host, port, rack })),
    topics: metadata.topics.length,
    partitions: partitions.length,
    leaderless: labels(({ leaderId }) => leaderId === -1),
    underReplicated: labels(({ isrNodes, replicaNodes }) => isrNodes.length < replicaNodes.length),
    logDirs: await logDirs(client),
  };
}

/** The data directories of the broker that is asked. */
export async function logDirs(client: Client): Promise<LogDirFacts[]> {
  const { errorCode, results } = await client.request(DescribeLogDirs, { topics: null });
  check(errorCode, null, 'cannot describe the data directories');
  return results.map((each) => {
    const partitions = each.topics.flatMap((topic) => topic.partitions);
    return {
      path: each.logDir,
      partitions: partitions.length,
      sizeBytes: partitions.reduce((sum, { partitionSize }) => sum + partitionSize, 0),
      totalBytes: each.totalBytes < 0 ? null : each.totalBytes,
      freeBytes: each.usableBytes < 0 ? null : each.usableBytes,
      error: each.errorCode === ErrorCode.NONE ? null : errorInfo(each.errorCode).name,
    };
  });
}

/** What keeps the cluster from being healthy, one line each. */
export function problemsOf(facts: ClusterFacts): string[] {
  const problems: string[] = [];
  if (facts.controller === null) problems.push('there is no controller');
  for (const { path, error } of facts.logDirs) {
    if (error !== null) problems.push(`data directory ${path} has failed (${error})`);
  }
  for (const label of facts.leaderless) problems.push(`${label} has no leader`);
  for (const label of facts.underReplicated) problems.push(`${label} has too few replicas in sync`);
  return problems;
}
