/**
 * The network, passed in: all that the broker asks of TCP. The real one (`node-network.ts`) is
 * thin; simulations pass one that delays, cuts into pieces and resets.
 */
export interface Network {
  /**
   * Accepts connections until closed. Resolves when the port is bound; rejects with an Error whose
   * `code` is the errno's name (EADDRINUSE, EADDRNOTAVAIL, EACCES …).
   */
  listen(options: ListenOptions): Promise<NetworkListener>;
  /**
   * Resolves with an open connection, or rejects with the errno's name (ECONNREFUSED, ETIMEDOUT …).
   */
  connect(options: ConnectOptions): Promise<Socket>;
}

export interface ListenOptions {
  /** An address or name; the empty string is every address of the machine. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /**
   * Takes over a new connection. It must set a handler, or destroy the socket, before it returns.
   */
  onSocket(socket: Socket): void;
}

export interface NetworkListener {
  readonly host: string;
  /** The bound port, never 0. */
  readonly port: number;
  /** Stops accepting at once. Resolves when every socket that it accepted is closed. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** Time that the attempt may take; the system's own timeout by default. */
  readonly timeoutMs?: number;
}

/**
 * The calls of a socket to its owner. None of them comes from within a call to the socket itself.
 */
export interface SocketHandler {
  /**
   * A buffer for the next bytes, which the handler owns and which the kernel will fill from its
   * start, or null when the handler has no preference. Asked before each read; a hint only.
   */
  receiveInto(): Buffer | null;
  /**
   * Bytes arrived. Unless they lie in the buffer given by `receiveInto`, they are valid only during
   * this call.
   */
  onData(chunk: Buffer): void;
  /** The peer will send no more. It may still read. */
  onEnd(): void;
  /** Everything written has been taken by the kernel. Follows each `write` that returned false. */
  onDrain(): void;
  /** The last call: the connection is gone, cleanly (null) or not. */
  onClose(error: Error | null): void;
}

/** One connection. Half-open: the peer's end does not end ours. */
export interface Socket {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Set once, before the first turn of the event loop with this socket is over. */
  setHandler(handler: SocketHandler): void;
  /**
   * Sends the buffers in order. They belong to the socket until the kernel has taken them: until
   * now if true is returned, or until `onDrain` if false. Nothing happens after `destroy`.
   */
  write(buffers: readonly Buffer[]): boolean;
  /** Bytes written and not yet taken by the kernel; counted in whole chunks. */
  readonly queuedBytes: number;
  /** Bytes that the kernel has taken since the beginning: it rises whenever the peer makes room. */
  readonly sentBytes: number;
  /**
   * Hands file bytes to the kernel. Returns how many it took, 0 at the end of the file, or a
   * negative errno (of `os.constants`: EAGAIN when there is no room, ENOTCONN once the socket is
   * closed). Call it only while `queuedBytes` is 0. Null where this is not possible.
   */
  readonly sendFile: ((fd: number, position: number, count: number) => number) | null;
  /** No `onData` and no `onEnd` until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends our side after what was written. */
  end(): void;
  /** Closes both sides at once and drops what was not sent. `onClose` follows. */
  destroy(): void;
}
