/** What the engine's catalog holds. */
type Entries = readonly {
  readonly key: readonly (string | number)[];
  readonly value: unknown;
}[];

/**
 * Whether the engine's catalog knows logs that no program has opened by name: a broker's. Then
 * there was metadata, also where it was lost before it had a copy.
 */
export function hasBrokerLogs(entries: Entries): boolean {
  const ids = new Set(entries.flatMap(({ key, value }) => (key[0] === 'topic' ? [value] : [])));
  for (const { key } of entries) if (key[0] === 'deleted') ids.add(key[1]);
  return entries.some(({ key }) => key[0] === 'log' && !ids.has(key[1]));
}

/**
 * Whether the engine's catalog knows no log, and no program's topic: beside folders with segments
 * it was lost, and the metadata with it.
 */
export function knowsNoLog(entries: Entries): boolean {
  return !entries.some(({ key }) => key[0] === 'log' || key[0] === 'topic' || key[0] === 'deleted');
}
