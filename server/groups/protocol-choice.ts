/** One way of assigning partitions that a member knows; what its metadata says is between the members. */
export interface GroupProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

/** What a member brings to the choice: its protocols, the preferred one first. */
export interface Voter {
  readonly protocols: readonly GroupProtocol[];
}

/** Whether every member supports the protocol. Asked at each join, so it makes nothing: a thousand members ask it a million times. */
export function isSupportedByAll(name: string, members: Iterable<Voter>): boolean {
  for (const { protocols } of members) {
    if (!protocols.some((protocol) => protocol.name === name)) return false;
  }
  return true;
}

/** The protocols that every member supports, in the order of the first member. */
export function commonProtocols(members: Iterable<Voter>): string[] {
  let common: string[] | null = null;
  for (const { protocols } of members) {
    if (common === null) {
      common = [...new Set(protocols.map(({ name }) => name))];
    } else {
      const names = new Set(protocols.map(({ name }) => name));
      common = common.filter((name) => names.has(name));
    }
    if (common.length === 0) break;
  }
  return common ?? [];
}

/**
 * The protocol of a generation: among those that every member supports, the one that most members prefer to the others; of
 * equals, the one that the first member names first. Null if there is none.
 */
export function chooseProtocol(members: readonly Voter[]): string | null {
  const votes = new Map(commonProtocols(members).map((name) => [name, 0]));
  for (const { protocols } of members) {
    const preferred = protocols.find(({ name }) => votes.has(name));
    if (preferred !== undefined) votes.set(preferred.name, (votes.get(preferred.name) ?? 0) + 1);
  }
  let chosen: string | null = null;
  let most = 0;
  for (const [name, count] of votes) {
    if (count <= most) continue;
    chosen = name;
    most = count;
  }
  return chosen;
}

/** Whether two members say the same: names, order and metadata. */
export function sameProtocols(one: Voter, other: Voter): boolean {
  return (
    one.protocols.length === other.protocols.length &&
    one.protocols.every(({ name, metadata }, at) => {
      const match = other.protocols[at];
      return match !== undefined && match.name === name && match.metadata.equals(metadata);
    })
  );
}
