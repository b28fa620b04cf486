import { shown } from '../answers.js';
import { CliError, EXIT } from '../cli-error.js';
import { type ConnectionOptions, withClient } from '../client.js';
import { counted } from '../counted.js';
import { CLI_LIMITS } from '../limits.js';
import { type Column, NOTHING, printDone, printLines, printReport, tableLines } from '../report.js';
import { sizeText } from '../size-text.js';
import { type ClusterFacts, clusterFacts, type LogDirFacts, logDirs, problemsOf } from './facts.js';

/**
 * Prints a cluster: its brokers, how much they hold, what is wrong. Resolves when a broker has
 * answered, so that a container's health check can use it; rejects when none does in time.
 */
export async function clusterInfo(options: ConnectionOptions): Promise<void> {
  await withClient(inTime(options), async (client) => {
    const facts = await clusterFacts(client);
    if (options.json) return printReport([facts], [], options);
    await printLines(linesOf(facts));
  });
}

/** Prints what is wrong with a cluster, one line each; rejects if anything is. */
export async function clusterHealth(options: ConnectionOptions): Promise<void> {
  await withClient(inTime(options), async (client) => {
    const problems = problemsOf(await clusterFacts(client));
    const isHealthy = problems.length === 0;
    if (isHealthy || options.json) {
      printDone('healthy', { healthy: isHealthy, problems }, options);
    }
    if (isHealthy) return;
    const shownProblems = problems.slice(0, CLI_LIMITS.problemsShownMax).map(shown);
    const more = problems.length - shownProblems.length;
    const rest = more > 0 ? `; and ${more} more` : '';
    throw new CliError(`not healthy: ${shownProblems.join('; ')}${rest}`, EXIT.failure);
  });
}

/** Prints the data directories of the broker that is asked, with their bytes. */
export async function clusterLogDirs(options: ConnectionOptions): Promise<void> {
  await withClient(inTime(options), async (client) =>
    printReport(await logDirs(client), LOG_DIRS, options),
  );
}

/** A short time, as for a health check, unless the command line says another. */
function inTime(options: ConnectionOptions): ConnectionOptions {
  return { ...options, timeoutMs: options.timeoutMs ?? CLI_LIMITS.healthTimeoutMs };
}

function linesOf(facts: ClusterFacts): string[] {
  const counts = [
    counted(facts.brokers.length, 'broker'),
    counted(facts.topics, 'topic'),
    counted(facts.partitions, 'partition'),
  ];
  const problems = problemsOf(facts);
  return [
    `Cluster ${shown(facts.clusterId ?? NOTHING)}: ${counts.join(', ')}`,
    '',
    ...tableLines(facts.brokers, [
      { title: 'BROKER', cell: ({ nodeId }) => nodeId },
      { title: 'ADDRESS', cell: ({ host, port }) => `${shown(host)}:${port}` },
      { title: 'RACK', cell: ({ rack }) => shown(rack ?? NOTHING) },
      { title: 'ROLE', cell: ({ nodeId }) => (nodeId === facts.controller ? 'controller' : '') },
    ]),
    '',
    ...tableLines(facts.logDirs, LOG_DIRS),
    ...(problems.length === 0 ? [] : ['', ...problems.slice(0, CLI_LIMITS.problemsShownMax)]),
  ];
}

const LOG_DIRS: readonly Column<LogDirFacts>[] = [
  { title: 'DATA DIRECTORY', cell: ({ path }) => shown(path) },
  { title: 'PARTITIONS', cell: ({ partitions }) => partitions },
  { title: 'SIZE', cell: ({ sizeBytes }) => sizeText(sizeBytes), isRight: true },
  { title: 'FREE', cell: ({ freeBytes }) => maybeSize(freeBytes), isRight: true },
  { title: 'OF', cell: ({ totalBytes }) => maybeSize(totalBytes), isRight: true },
  { title: 'ERROR', cell: ({ error }) => error ?? '' },
];

function maybeSize(bytes: number | null): string {
  return bytes === null ? NOTHING : sizeText(bytes);
}
