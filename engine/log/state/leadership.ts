import { NO_EPOCH } from '../../batch/header.js';
import { EngineError } from '../../errors.js';

/**
 * What a log is among its replicas. Until it is told it leads with the epoch of its directory, and
 * takes what a leader sends as well: so does a broker that is alone, and so do programs.
 */
export class Leadership {
  /** The largest epoch that it has led with. */
  #epoch: number;
  #role: 'untold' | 'leader' | 'follower' = 'untold';

  /** `directoryEpoch`: how often the directory was opened uncleanly. */
  constructor(directoryEpoch: number) {
    this.#epoch = directoryEpoch;
  }

  /** Stamped into new batches; -1 while it follows. */
  get epoch(): number {
    return this.#role === 'follower' ? NO_EPOCH : this.#epoch;
  }

  /** Whether it was told to lead: then nobody else sends it batches. */
  get isLeader(): boolean {
    return this.#role === 'leader';
  }

  /**
   * Leads with an epoch that the cluster has given out: above what it has led with, which is at
   * least that of its directory, and above `latest`, the largest epoch of its batches.
   */
  lead(epoch: number, latest: number): void {
    const isSame = epoch === this.#epoch && this.#role !== 'follower' && epoch >= latest;
    if (!isSame && !(epoch > Math.max(this.#epoch, latest))) {
      throw new EngineError(
        'STALE_LEADER_EPOCH',
        `the log has batches of epoch ${latest} and has led with ${this.#epoch}: it cannot lead with ${epoch}`,
      );
    }
    this.#epoch = epoch;
    this.#role = 'leader';
  }

  follow(): void {
    this.#role = 'follower';
  }
}
