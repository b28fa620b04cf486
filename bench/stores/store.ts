/** When an append counts as done, in the words of Odradek; each store says what it does for it. */
export type StorePromise = 'ack' | 'interval' | 'os';

/** A store under test: a sequence of records that grows at its end. */
export interface Store {
  /** One call of a waiter. Resolves when the promise holds for all of them. */
  append(records: readonly Buffer[]): Promise<void>;
  /** Reads every record from the first to the last. Resolves with their bytes. */
  scan(): Promise<number>;
  close(): Promise<void>;
}

export type OpenStore = (folder: string, promise: StorePromise) => Promise<Store>;
