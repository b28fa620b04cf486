import type { CatalogInspection } from './catalog-inspection.js';

type Entry = CatalogInspection['entries'][number];

/**
 * Of the entries that could be read of the engine's catalog, those that a new one may begin with.
 * The metadata's copy is made again by the next start of a broker. What is found again by reading
 * the log stays only where it is certain to be of the last transaction, and whole: a checkpoint
 * together with every page of producers that it counts, and with all else that the catalog knew of
 * its log. For beside a checkpoint a `start` or `gaps` that is not there says that there never was
 * one.
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
 * Logs that may have had more entries: those of a log are neighbours, so what is missing was one of
 * the log before it or behind it, or of one between.
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
