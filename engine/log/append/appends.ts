import { EngineError } from '../../errors.js';
import type { LogSettings } from '../log-settings.js';
import type { Appended, AppendOrigin } from '../partition-log.js';
import type { LogContext } from '../shared/log-context.js';
import type { Leadership } from '../state/leadership.js';
import type { LogLife } from '../state/log-life.js';
import { AppendQueue } from './append-queue.js';
import { checkRecords, isClaimCounted, isRepacked, repackForLog } from './check-records.js';
import type { LeaderAppends } from './leader-appends.js';
import { ORIGINS, type OriginRules } from './origin.js';
import type { ReplicaAppends } from './replica-appends.js';
import type { Staging } from './staging.js';

/** The log that is appended to. */
export interface AppendLog {
  readonly context: LogContext;
  readonly folder: string;
  readonly settings: LogSettings;
  readonly leadership: Leadership;
  readonly life: LogLife;
  readonly staging: Staging;
}

/** The appends of one log, each by the path of its origin, in the order of the calls. */
export class Appends {
  readonly queue = new AppendQueue();
  readonly #log: AppendLog;
  readonly #leader: LeaderAppends;
  readonly #replica: ReplicaAppends;

  constructor(log: AppendLog, leader: LeaderAppends, replica: ReplicaAppends) {
    this.#log = log;
    this.#leader = leader;
    this.#replica = replica;
  }

  /** Appends by the path of the origin, as `PartitionLog.append` promises. */
  append(batch: Buffer, origin: AppendOrigin): Promise<Appended> {
    const rules = ORIGINS[origin];
    if (rules.place) return this.#appendPiece(batch);
    const { leadership, settings } = this.#log;
    const { refusal } = leadership;
    if (refusal) return Promise.reject(refusal);
    const { validate, compacted, compression } = settings;
    const isPlain =
      (validate === 'header' &&
        compression === 'producer' &&
        !compacted &&
        !this.queue.isTaken &&
        !isClaimCounted(batch)) ||
      (rules.records && !this.queue.isTaken);
    if (!isPlain) return this.#appendChecked(batch, rules);
    return (
      this.#leader.append(batch, rules) ??
      this.queue.take(() => this.#leader.appendWhenReady(batch, rules))
    );
  }

  /** Notes a batch that was refused in front of the log, as `PartitionLog.refused` says. */
  expectAgain(header: Buffer): void {
    this.#leader.expectAgain(header);
  }

  /** Resolves when everything that was appended before the call was written or has failed. */
  async settled(): Promise<void> {
    await this.queue.passed();
    await this.#log.staging.writer.settled();
  }

  async #appendPiece(bytes: Buffer): Promise<Appended> {
    const { life, leadership, folder } = this.#log;
    life.assertTaking();
    if (leadership.isLeader) throw new EngineError('NOT_FOLLOWER', `${folder} leads`);
    return this.#replica.append(this.queue, bytes);
  }

  /**
   * Records may have to be unpacked, to be checked or to be stored in the topic's codec, on a
   * thread: appends keep their order by queueing behind one another.
   */
  #appendChecked(batch: Buffer, rules: OriginRules): Promise<Appended> {
    const ready = this.#readied(batch, rules);
    return this.queue.take(async () => {
      const found = await ready;
      if (!(found instanceof EngineError)) {
        return found === null || found === batch
          ? this.#leader.appendWhenReady(batch, rules)
          : this.#leader.appendWhenReady(found, ORIGINS.built);
      }
      this.#leader.refused(batch, found);
      return { appended: Promise.reject(found) };
    });
  }

  /** The batch as it is stored, or the error of its records; null if they are not looked at. */
  #readied(batch: Buffer, rules: OriginRules): Promise<Buffer | EngineError | null> | null {
    const { settings } = this.#log;
    if (!rules.codec && isRepacked(settings, batch)) return repackForLog(this.#log, batch);
    const { validate, compacted } = settings;
    const areLookedAt = validate === 'records' || compacted || isClaimCounted(batch);
    return areLookedAt && !rules.records ? checkRecords(this.#log, batch) : null;
  }
}
