/**
 * One way of assigning partitions that a member knows; what its metadata says is between the
 * members.
 */
export interface GroupProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

/** What a member brings to the choice: its protocols, the preferred one first. */
export interface Voter {
  readonly protocols: readonly GroupProtocol[];
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
