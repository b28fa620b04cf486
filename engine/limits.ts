/** Every default and hard bound of the engine, in one table. */
export const LIMITS = {
  /** Buffers handed to one writev(2): IOV_MAX of Linux and macOS. */
  writevBuffersMax: 1024,
  /** Descriptors that a pool keeps open. Pinned files and files with unsynced bytes may exceed it. */
  descriptorsOpenMax: 512,
  /** A synchronous write that took longer sends the directory to asynchronous writes. */
  writeStallMs: 50,
  /** An asynchronous write below this counts towards recovery from a stall. */
  writeRecoveredMs: 10,
  /** So many such writes in a row, and the directory writes synchronously again. */
  writesRecoveredCount: 16,
} as const;
