import { join } from 'node:path';
import { segmentFileName } from '../disk/file-names.js';
import { LIMITS } from '../limits.js';
import type { LogCheckpoint } from '../log/durability/log-records.js';
import type { PartitionFolder } from '../partition-folder.js';
import { type CatalogInspection, inspectCatalog } from './catalog-inspection.js';
import type { FolderScrub, ScrubFinding } from './folder-scrub.js';

/**
 * What a catalog says of a log with a checkpoint: the log holds the offsets from `start` to below
 * `end`.
 */
export interface KnownLog {
  /** The log start offset in the catalog: segments below it may be left over. */
  readonly logStart: number;
  /** The log start offset, or the assumed one. */
  readonly start: number;
  readonly end: number;
}

type Logs = ReadonlyMap<string, KnownLog>;

/** Where logs begin and end by the catalog: a scrub compares folders with it. */
export class KnownLogs {
  readonly #path: string;
  #logs: Logs = new Map();
  #state: CatalogInspection['state'] = 'missing';

  constructor(catalogPath: string) {
    this.#path = catalogPath;
  }

  /**
   * Reads the catalog; called before folders are read. Where the catalog is damaged or missing, no
   * log is known.
   */
  async read(): Promise<void> {
    const { logs, state } = await readLogs(this.#path);
    this.#logs = logs;
    this.#state = state;
  }

  /** The state of the catalog; unless it is sound, the ends of logs are not checked. */
  get state(): CatalogInspection['state'] {
    return this.#state;
  }

  /** The log start offset as far as the catalog knew it when it was read. */
  logStartOf({ topicId, partition }: PartitionFolder): number {
    return this.#logs.get(`${topicId}/${partition}`)?.logStart ?? 0;
  }

  /**
   * What a log lacks before its first segment and behind its last one. Where something is missing,
   * the catalog is read again: the directory may be in use, and a segment that was deleted properly
   * meanwhile is no finding.
   */
  async missingAtEnds(
    { folder, topicId, partition }: PartitionFolder,
    found: FolderScrub,
  ): Promise<ScrubFinding[]> {
    const name = `${topicId}/${partition}`;
    const before = this.#logs.get(name);
    if (!before || missingAtEnds(folder, found, before, before).length === 0) return [];
    const after = (await readLogs(this.#path)).logs.get(name);
    return after ? missingAtEnds(folder, found, before, after) : [];
  }
}

/**
 * In a directory that is in use, pages may change while they are read; their checksums show that.
 */
async function readLogs(
  path: string,
): Promise<{ readonly logs: Logs; readonly state: CatalogInspection['state'] }> {
  for (let left: number = LIMITS.catalogReadAttemptsMax; left > 0; left--) {
    const inspection = await inspectCatalog(path);
    const { state, entries } = inspection;
    if (state !== 'damaged') return { logs: knownLogs(entries), state };
  }
  return { logs: new Map(), state: 'damaged' };
}

function knownLogs(entries: CatalogInspection['entries']): Logs {
  const logStarts = new Map<string, number>();
  const assumed = new Map<string, number>();
  const ends = new Map<string, number>();
  for (const { key, value } of entries) {
    const [kind, topicId, partition, what] = key;
    if (kind !== 'log') continue;
    const log = `${topicId}/${partition}`;
    if (what === 'start') logStarts.set(log, value as number);
    if (what === 'assumed-start') assumed.set(log, value as number);
    if (what === 'checkpoint') ends.set(log, (value as Pick<LogCheckpoint, 'offset'>).offset);
  }
  const knownOf = (log: string, end: number): KnownLog => {
    const logStart = logStarts.get(log) ?? 0;
    return { logStart, start: Math.max(logStart, assumed.get(log) ?? 0), end };
  };
  return new Map([...ends].map(([log, end]) => [log, knownOf(log, end)]));
}

/**
 * `before` was known before the folder was read, `after` after it: a log may have lost its start or
 * its end meanwhile.
 */
function missingAtEnds(
  folder: string,
  { firstOffset, end, findings }: FolderScrub,
  before: KnownLog,
  after: KnownLog,
): ScrubFinding[] {
  const missing: ScrubFinding[] = [];
  const { start } = after;
  if (firstOffset !== null && firstOffset > start) {
    const path = join(folder, segmentFileName(firstOffset, 'log'));
    const problem = `the log begins with offset ${start}: a segment before this one is missing`;
    missing.push({ path, position: 0, offset: start, problem });
  }
  const durable = Math.min(before.end, after.end);
  const offset = Math.max(end?.offset ?? 0, start);
  // Where damage ended the reading of the last file, the bytes behind it are unknown.
  const isRead = findings.at(-1)?.path !== end?.path || end === null;
  if (isRead && offset < durable) {
    const path = end?.path ?? join(folder, segmentFileName(start, 'log'));
    const problem = `the log was durable up to offset ${durable - 1}: what follows is missing`;
    missing.push({ path, position: end?.position ?? 0, offset, problem });
  }
  return missing;
}
