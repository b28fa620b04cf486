import type { CatalogInspection } from './catalog-inspection.js';

type Entry = CatalogInspection['entries'][number];

/**
 * Of the entries that could be read of the engine's catalog, those that a new one may begin with. The metadata's copy is made again by the
 * next start of a broker. What is found again by reading the log stays only where it is certain to be of the last transaction, and
 * whole: a checkpoint together with every page of producers that it counts.
 */
export function usableEntries({ entries, isCurrent }: CatalogInspection): Entry[] {
  const pages = new Set<string>();
  for (const { key } of entries) if (key[3] === 'producers') pages.add(pageOf(key, key[4]!));
  return entries.filter(({ key, value }) => {
    if (key[0] === 'metadata') return false;
    if (key[0] !== 'log') return true;
    if (key[3] === 'start' || key[3] === 'gaps') return true;
    if (!isCurrent) return false;
    if (key[3] !== 'checkpoint') return true;
    const { producerPages = 0 } = value as { readonly producerPages?: number };
    return Array.from({ length: producerPages }, (_, page) => pageOf(key, page)).every((page) =>
      pages.has(page),
    );
  });
}

function pageOf([, topicId, partition]: Entry['key'], page: string | number): string {
  return `${topicId}/${partition}/${page}`;
}
