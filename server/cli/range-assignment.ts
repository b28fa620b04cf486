/** A member and the topics that it wants to read. */
export interface Subscriber {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/**
 * Kafka's range assignor: every subscriber gets a run of neighbouring partitions of each topic, in
 * the order of the member ids, and the first subscribers get one more where the number is not
 * divisible. Members without partitions have an empty map.
 */
export function assignRanges(
  subscribers: readonly Subscriber[],
  partitionsOf: ReadonlyMap<string, readonly number[]>,
): Map<string, Map<string, readonly number[]>> {
  const sorted = [...subscribers].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const assignment = new Map(
    sorted.map(({ memberId }) => [memberId, new Map<string, readonly number[]>()]),
  );
  for (const [topic, partitions] of partitionsOf) {
    const readers = sorted.filter(({ topics }) => topics.includes(topic));
    const each = Math.floor(partitions.length / readers.length);
    const withOneMore = partitions.length % readers.length;
    let from = 0;
    for (const [at, { memberId }] of readers.entries()) {
      const end = from + each + (at < withOneMore ? 1 : 0);
      if (end > from) assignment.get(memberId)!.set(topic, partitions.slice(from, end));
      from = end;
    }
  }
  return assignment;
}
