import { NO_EPOCH } from '../../batch/header.js';
import { EngineError } from '../../errors.js';
import type { EpochEnd } from '../partition-log.js';
import type { LeaderEpochs } from './leader-epochs.js';
import type { LogLife } from './log-life.js';
import type { OffsetTracker } from './offset-tracker.js';

/** The log that leads or follows. */
interface LedLog {
  readonly folder: string;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly life: LogLife;
}

/**
 * The role of a log among its replicas. Until it is told its role, it leads with the epoch of its
 * directory, and takes a leader's batches as well: that suits a lone broker, and programs.
 */
export class Leadership {
  readonly #log: LedLog;
  /** The largest epoch that the log has led with. */
  #epoch: number;
  #role: 'untold' | 'leader' | 'follower' = 'untold';
  /** The error for batches that are not a leader's; null while the log does not follow. */
  #refusal: EngineError | null = null;

  /** `directoryEpoch`: how often the directory was opened uncleanly. */
  constructor(log: LedLog, directoryEpoch: number) {
    this.#log = log;
    this.#epoch = directoryEpoch;
  }

  /** Stamped into new batches; -1 while it follows. */
  get current(): number {
    return this.#role === 'follower' ? NO_EPOCH : this.#epoch;
  }

  /** Throws NOT_LEADER for a batch that was accepted before and waits for its place. */
  assertLeading(): void {
    if (this.#role !== 'follower') return;
    throw new EngineError('NOT_LEADER', `${this.#log.folder} has begun to follow another leader`);
  }

  /** Throws LOG_CLOSED, or NOT_FOLLOWER where the log was told to lead itself. */
  assertTakesLeaders(): void {
    this.#log.life.assertTaking();
    if (this.#role === 'leader') {
      throw new EngineError('NOT_FOLLOWER', `${this.#log.folder} leads`);
    }
  }

  /** Why a writer's batches are refused: the log is being closed, or follows; null if neither. */
  get refusal(): EngineError | null {
    return this.#log.life.closing ?? this.#refusal;
  }

  /**
   * Leads with an epoch that the cluster has given out: above what it has led with, which is at
   * least that of its directory, and above the largest epoch of its batches.
   */
  lead(epoch: number): void {
    const { life, epochs } = this.#log;
    life.assertTaking();
    const { latest } = epochs;
    const isSame = epoch === this.#epoch && this.#role !== 'follower' && epoch >= latest;
    if (!isSame && !(epoch > Math.max(this.#epoch, latest))) {
      throw new EngineError(
        'STALE_LEADER_EPOCH',
        `the log has batches of epoch ${latest} and has led with ${this.#epoch}: it cannot lead with ${epoch}`,
      );
    }
    this.#epoch = epoch;
    this.#role = 'leader';
    this.#refusal = null;
  }

  follow(): void {
    const { life, folder } = this.#log;
    life.assertTaking();
    this.#role = 'follower';
    this.#refusal = new EngineError('NOT_LEADER', `${folder} follows another leader`);
  }

  endOf(leaderEpoch: number): EpochEnd {
    const { life, epochs, offsets } = this.#log;
    life.assertServing();
    return epochs.endOf(leaderEpoch, offsets.logEnd, this.current);
  }

  at(offset: number): number {
    const { epochs, offsets } = this.#log;
    return offset >= offsets.logEnd ? this.current : epochs.epochOf(offset);
  }
}
