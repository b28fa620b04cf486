/** What all connections of a broker have sent of files lately. */
export interface FileTraffic {
  /** Since the last request of a client that gets small answers. */
  readonly sinceBriskBytes: number;
  /** In this turn of the event loop. */
  readonly inTurnBytes: number;
}

export interface FilePacingLimits {
  /**
   * What all connections together may send of files in a turn while somebody else is about; one
   * piece may exceed it.
   */
  readonly pacedTurnBytesMax: number;
  /** How much of files may leave after such a request before the sender counts as alone again. */
  readonly pacedBytes: number;
}

/**
 * Whether a client that gets small answers has asked for something lately. Counted in bytes and not
 * in time: a sender that is slow anyway loses nothing.
 */
export function isPaced(
  { sinceBriskBytes }: Pick<FileTraffic, 'sinceBriskBytes'>,
  { pacedBytes }: FilePacingLimits,
): boolean {
  return sinceBriskBytes < pacedBytes;
}

/**
 * How many bytes of files may still leave in this turn, over all connections. A turn of the event
 * loop is what a client at the tail waits for, and a large turn is what a reader that catches up
 * wants: so turns are small while both are there, and unbounded here (the connection's own
 * allowance bounds them) while it has the broker for itself.
 */
export function fileBytesLeft(traffic: FileTraffic, limits: FilePacingLimits): number {
  if (!isPaced(traffic, limits)) return Number.POSITIVE_INFINITY;
  return Math.max(0, limits.pacedTurnBytesMax - traffic.inTurnBytes);
}
