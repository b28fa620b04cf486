/** The entries of the engine's catalog. */
type Entries = readonly {
  readonly key: readonly (string | number)[];
  readonly value: unknown;
}[];

/**
 * Whether the engine's catalog knows logs that no program has opened by name: those of a broker.
 * Then there was metadata, even if it was lost before it had a copy.
 */
export function hasBrokerLogs(entries: Entries): boolean {
  const ids = new Set(entries.flatMap(({ key, value }) => (key[0] === 'topic' ? [value] : [])));
  for (const { key } of entries) if (key[0] === 'deleted') ids.add(key[1]);
  return entries.some(({ key }) => key[0] === 'log' && !ids.has(key[1]));
}

/**
 * Whether the engine's catalog knows no log, and no topic of a program. Where there are folders
 * with segments, such a catalog was lost, and the metadata with it.
 */
export function knowsNoLog(entries: Entries): boolean {
  return !entries.some(({ key }) => key[0] === 'log' || key[0] === 'topic' || key[0] === 'deleted');
}
