/** What maintenance can be asked to do. Jobs take paths and numbers and return numbers; they never hold a live log. */
export interface Jobs {
  /** Unlinks files; missing ones do not count as failures. Returns how many bytes went. */
  unlink: { input: { paths: readonly string[] }; output: { bytes: number } };
  /**
   * Checks length, magic and CRC of every batch of a segment below `endPosition` (exclusive). Returns the position and base
   * offset of the first bad batch, or null.
   */
  scrub: {
    input: { path: string; baseOffset: number; endPosition: number };
    output: { batches: number; bad: { position: number; expectedOffset: number } | null };
  };
}

export type JobName = keyof Jobs;

/**
 * Runs maintenance off the append path: the real one is a bounded piscina pool, a simulation runs jobs in place.
 * A failed job rejects with the job's error, a worker that cannot start rejects too.
 */
export interface JobRunner {
  /** Resolves with the job's output. */
  run<Name extends JobName>(name: Name, input: Jobs[Name]['input']): Promise<Jobs[Name]['output']>;
  /** Waits for running jobs, drops queued ones (their promises reject). */
  close(): Promise<void>;
}
