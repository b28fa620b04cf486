/**
 * Whether the engine's catalog knows logs that no program has opened by name: a broker's. Then
 * there was metadata, also where it was lost before it had a copy.
 */
export function hasBrokerLogs(
  entries: readonly {
    readonly key: readonly (string | number)[];
    readonly value: unknown;
  }[],
): boolean {
  const ids = new Set(entries.flatMap(({ key, value }) => (key[0] === 'topic' ? [value] : [])));
  for (const { key } of entries) if (key[0] === 'deleted') ids.add(key[1]);
  return entries.some(({ key }) => key[0] === 'log' && !ids.has(key[1]));
}
