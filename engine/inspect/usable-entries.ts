import type { CatalogInspection } from './catalog-inspection.js';

type Entry = CatalogInspection['entries'][number];

/**
 * The readable entries of the engine's catalog that a new catalog may begin with. The next start of
 * a broker makes the metadata's copy again. An entry that can be found again by reading the log is
 * kept only where it is certain to be of the last transaction, and complete: a checkpoint together
 * with every page of producers that it counts, and with all other entries of its log. A missing
 * `start` or `gaps` beside a checkpoint would say that there never was such an entry.
 */
export function usableEntries(inspection: CatalogInspection): Entry[] {
  const { entries, isCurrent } = inspection;
  const pages = new Set<string>();
  for (const { key } of entries) if (key[3] === 'producers') pages.add(pageOf(key, key[4]!));
  const partial = partialLogs(inspection);
  return entries.filter(({ key, value }) => {
    if (key[0] === 'metadata') return false;
    if (key[0] !== 'log') return true;
    if (key[3] === 'start' || key[3] === 'gaps') return true;
    if (!isCurrent) return false;
    if (key[3] !== 'checkpoint') return true;
    if (partial.has(logOf(key))) return false;
    const { producerPages = 0 } = value as { readonly producerPages?: number };
    return Array.from({ length: producerPages }, (_, page) => pageOf(key, page)).every((page) =>
      pages.has(page),
    );
  });
}

/**
 * Logs that may have had more entries. Entries of a log are neighbours, so a missing entry belonged
 * to the log before that place, to the log behind it, or to a log between.
 */
function partialLogs({ entries, lostAt }: CatalogInspection): Set<string> {
  const logs = new Set<string>();
  for (const at of lostAt) {
    for (const entry of [entries[at - 1], entries[at]]) {
      if (entry?.key[0] === 'log') logs.add(logOf(entry.key));
    }
  }
  return logs;
}

function logOf([, topicId, partition]: Entry['key']): string {
  return `${topicId}/${partition}`;
}

function pageOf(key: Entry['key'], page: string | number): string {
  return `${logOf(key)}/${page}`;
}
