import {
  baseOffset,
  baseSequence,
  lastOffset,
  lastOffsetDelta,
  leaderEpoch,
  NO_EPOCH,
  producerEpoch,
  producerId,
} from '../../batch/header.js';
import type { Segment } from '../segments/segment.js';
import type { LogContext } from '../shared/log-context.js';
import { LeaderEpochs } from '../state/leader-epochs.js';
import { lastSequenceOf } from '../state/producer.js';
import type { ProducerStates } from '../state/producer-state.js';
import type { RecoveryInput } from './recovered.js';
import { continues } from './tail-evidence.js';

/**
 * The batches behind a log's checkpoint: checks that each stands at a possible place, and notes
 * their epochs and producers.
 */
export class TailBatches {
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
  readonly #context: Pick<LogContext, 'clock' | 'leaderEpoch'>;
  /** Whether a batch that leaves offsets out counts as damaged. */
  readonly #isGapless: boolean;
  /**
   * Whether epochs in the log only rise: epochs of another directory may be higher than this one's,
   * and only a checkpoint tells that there are none.
   */
  readonly #epochsRise: boolean;
  #leavesGap = false;

  /** `mayHaveGaps`: whether the log leaves offsets out, or that is unknown. */
  constructor(
    context: Pick<LogContext, 'clock' | 'leaderEpoch'>,
    { checkpoint, producers }: Pick<RecoveryInput, 'checkpoint' | 'producers'>,
    mayHaveGaps: boolean,
  ) {
    this.#context = context;
    this.epochs = new LeaderEpochs(checkpoint?.epochs, checkpoint?.areEpochsOwn);
    this.producers = producers;
    this.#isGapless = checkpoint?.isGapless === true && !mayHaveGaps;
    this.#epochsRise = checkpoint !== null && this.areEpochsOwn;
  }

  /** Whether a batch has left offsets out. */
  get leavesGap(): boolean {
    return this.#leavesGap;
  }

  /** Whether no epoch is known to be of another directory. */
  get areEpochsOwn(): boolean {
    return this.epochs.areOwn && this.epochs.latest <= this.#context.leaderEpoch;
  }

  /** Whether the fields that the checksum leaves out fit the place of the batch. */
  fits(segment: Segment, bytes: Buffer, at: number, expectedOffset: number): boolean {
    const base = baseOffset(bytes, at);
    if (this.#isGapless ? base !== expectedOffset : !continues(base, expectedOffset)) return false;
    const epoch = leaderEpoch(bytes, at);
    if (epoch < NO_EPOCH) return false;
    const last = base + lastOffsetDelta(bytes, at);
    if (last < base || last >= Number.MAX_SAFE_INTEGER) return false;
    if (this.#epochsRise && epoch !== NO_EPOCH && epoch < this.epochs.latest) return false;
    if (base > expectedOffset) {
      segment.noteGap();
      this.#leavesGap = true;
    }
    return true;
  }

  note(bytes: Buffer, at: number): void {
    const epoch = leaderEpoch(bytes, at);
    const base = baseOffset(bytes, at);
    if (epoch !== NO_EPOCH && epoch < this.epochs.latest) this.epochs.noteForeign();
    this.epochs.assign(epoch, base);
    const id = producerId(bytes, at);
    const sequence = baseSequence(bytes, at);
    if (id < 0 || sequence < 0) return;
    this.producers.add(id, {
      epoch: producerEpoch(bytes, at),
      baseSequence: sequence,
      lastSequence: lastSequenceOf(sequence, lastOffsetDelta(bytes, at) + 1),
      baseOffset: base,
      lastOffset: lastOffset(bytes, at),
      timestampMs: this.#context.clock.wallMs(),
    });
  }
}
