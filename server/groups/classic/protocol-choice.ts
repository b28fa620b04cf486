/** One way of assigning partitions that a member knows; only the members read its metadata. */
export interface GroupProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

/** A member in the choice of a protocol: its protocols, the preferred one first. */
export interface Voter {
  readonly protocols: readonly GroupProtocol[];
}

/** Whether two members have the same protocols: names, order and metadata. */
export function sameProtocols(one: Voter, other: Voter): boolean {
  return (
    one.protocols.length === other.protocols.length &&
    one.protocols.every(({ name, metadata }, at) => {
      const match = other.protocols[at];
      return match !== undefined && match.name === name && match.metadata.equals(metadata);
    })
  );
}
