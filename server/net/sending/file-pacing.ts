/** The bytes of files that all connections of a broker have sent lately. */
export interface FileTraffic {
  /** Since the last request of a client that gets small answers. */
  readonly sinceBriskBytes: number;
  /** In this turn of the event loop. */
  readonly inTurnBytes: number;
}

export interface FilePacingLimits {
  /**
   * Bytes of files that all connections together may send in a turn while a client with small
   * answers is active; one piece may exceed it.
   */
  readonly pacedTurnBytesMax: number;
  /**
   * Bytes of files that are sent after a request of such a client before it no longer counts as
   * active.
   */
  readonly pacedBytes: number;
}

/**
 * Whether a client that gets small answers has sent a request lately. This counts bytes and not
 * time: a sender that is slow anyway loses nothing.
 */
export function isPaced(
  { sinceBriskBytes }: Pick<FileTraffic, 'sinceBriskBytes'>,
  { pacedBytes }: FilePacingLimits,
): boolean {
  return sinceBriskBytes < pacedBytes;
}

/**
 * Bytes of files that all connections may still send in this turn. A client at the tail waits for
 * the running turn of the event loop, and a reader that catches up wants large turns: so turns are
 * small while both are there, and unbounded here (the connection's own allowance bounds them) while
 * the reader has the broker for itself.
 */
export function fileBytesLeft(traffic: FileTraffic, limits: FilePacingLimits): number {
  if (!isPaced(traffic, limits)) return Number.POSITIVE_INFINITY;
  return Math.max(0, limits.pacedTurnBytesMax - traffic.inTurnBytes);
}
