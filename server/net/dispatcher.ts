import type { InProgress } from './receiving/requests-in-progress.js';
import type { ResponsePart } from './sending/response-writer.js';

/** The principal of a client that is not authenticated. */
export const ANONYMOUS = 'User:ANONYMOUS';

/** Where a request came from, as a handler sees it. */
export interface ConnectionInfo {
  /** Unique within the process. */
  readonly id: number;
  /** Name of the listener that accepted it. */
  readonly listener: string;
  /** The address that the client connected to. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The client's principal, in Kafka's form `User:NAME`. */
  readonly principal: string;
  /** The client's name and version from ApiVersions (KIP-511); null until then. */
  clientSoftware: ClientSoftware | null;
  readonly counters: ConnectionCounters;
  /**
   * Whether the connection is ending: `onClose` has fired, and late answers may not reach the
   * client.
   */
  readonly closing: boolean;
  /** Whether nothing reaches the client any more. */
  readonly isGone: boolean;
  /**
   * Called when a request was decoded: its elements count for the turn in which it began, as far as
   * they are decoded in that turn. A large request counts until the `end` of the returned object;
   * null for other requests.
   */
  didBegin(elements: number): InProgress | null;
  /**
   * As `didBegin`, for a request that turns out to be large: where large requests wait, a promise
   * that resolves when it may go on. Null for a request that is not large.
   */
  enterLarge(elements: number): InProgress | Promise<InProgress> | null;
  /**
   * Called within `dispatch` for a request that is handled later: no later request of the
   * connection begins before this one has ended.
   */
  runAlone(): void;
  /**
   * Begins no request for `ms` from now on, as for a client above its quota (KIP-219): requests
   * under way go on, later ones wait. The mute also ends when the client or the broker ends the
   * connection.
   */
  mute(ms: number): void;
  /**
   * Runs `listener` once, as soon as the connection is ending: the client hung up, the broker
   * drains, or the connection was cut off. A request that waits on the client's behalf must end
   * now; its answer is sent if possible. Runs the listener at once if that has happened already.
   * Returns a function that removes the listener.
   */
  onClose(listener: () => void): () => void;
}

export interface ClientSoftware {
  readonly name: string;
  readonly version: string;
}

export interface ConnectionCounters {
  /** On the monotonic clock. */
  readonly openedMs: number;
  /** Requests handed to the dispatcher. */
  readonly requests: number;
  readonly bytesReceived: number;
  /** Bytes that the kernel has taken. */
  readonly bytesSent: number;
}

/**
 * - `pipelined`: starts as soon as it was received, and waits for no other answer.
 * - `alone`: starts when all requests before it have completed, and all later ones wait for it, as
 *   in Kafka.
 */
export type DispatchMode = 'pipelined' | 'alone';

/** The handler of the requests that a connection receives. */
export interface Dispatcher {
  /**
   * How the request may overlap with others. `frame` has no size prefix and at least eight bytes.
   */
  mode(frame: Buffer): DispatchMode;
  /**
   * Whether nothing of the frame is used any more once `dispatch` has settled, so that its memory
   * may be received into again. If not, it is copied first.
   */
  isDoneWithFrame(frame: Buffer): boolean;
  /**
   * Whether the request has at least `elementsMin` array elements; no if it cannot be read. Decodes
   * as many elements at most.
   */
  hasElements(frame: Buffer, elementsMin: number): boolean;
  /**
   * Answers a request. Resolves with the parts of the response, the size prefix included, or with
   * null when there is none (acks=0); the parts then belong to the connection. Rejects with
   * CloseConnection when there can be no answer: the connection ends once earlier answers are
   * written. Any other rejection does the same, and is reported as a failure.
   */
  dispatch(frame: Buffer, connection: ConnectionInfo): Promise<readonly ResponsePart[] | null>;
}

/** A request that cannot be answered: the connection ends. */
export class CloseConnection extends Error {
  override name = 'CloseConnection';
}

/**
 * Why a connection ended.
 *
 * - `client`: the client hung up. `network`: reset, or another error of the socket.
 * - `framing`: a frame size outside its bounds. `refused`: the dispatcher asked for it.
 * - `failed`: the dispatcher or the reading of a file failed; see `cause`.
 * - `frameDeadline`, `writeDeadline`, `idle`: too slow in sending, in reading, or silent for too
 *   long.
 * - `shutdown`: the broker stops.
 */
export type CloseCode =
  | 'client'
  | 'network'
  | 'framing'
  | 'refused'
  | 'failed'
  | 'frameDeadline'
  | 'writeDeadline'
  | 'idle'
  | 'shutdown';

export interface CloseReason {
  readonly code: CloseCode;
  readonly message: string;
  readonly cause?: unknown;
  /** The protocol of a client that came to the wrong port, where it is known. */
  readonly foreign?: string;
}
