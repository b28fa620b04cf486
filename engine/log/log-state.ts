import { ActiveSegment } from './append/active-segment.js';
import { AppendQueue } from './append/append-queue.js';
import { LeaderAppends } from './append/leader-appends.js';
import { ReplicaAppends } from './append/replica-appends.js';
import { Rolling } from './append/rolling.js';
import { Staging } from './append/staging.js';
import { Changes } from './change/changes.js';
import { Closing } from './change/closing.js';
import { Compaction } from './change/compaction.js';
import { CompactionJobs } from './change/compaction-jobs.js';
import { CompactionPass } from './change/compaction-pass.js';
import { CompactionPlans } from './change/compaction-plan.js';
import { LogMemory } from './change/log-memory.js';
import { LogStart } from './change/log-start.js';
import { Maintenance } from './change/maintenance.js';
import { Removal } from './change/remove-below.js';
import { Retention } from './change/retain.js';
import { Retirement } from './change/retire.js';
import { CheckpointState } from './durability/checkpoint-state.js';
import { Durability } from './durability/durability.js';
import { LogMarks } from './durability/log-marks.js';
import { ProducerCheckpoints } from './durability/producer-checkpoints.js';
import type { LogSettings } from './log-settings.js';
import type { HighWatermarkRule, PartitionName } from './partition-log.js';
import { Layout } from './read/layout.js';
import { findBatch } from './read/read.js';
import { ReadHints } from './read/read-hints.js';
import { scrubLog } from './read/scrub.js';
import type { Recovered } from './recovery/recovered.js';
import { Sealing } from './segments/sealing.js';
import type { SegmentList } from './segments/segment-list.js';
import type { LogContext } from './shared/log-context.js';
import type { LeaderEpochs } from './state/leader-epochs.js';
import { Leadership } from './state/leadership.js';
import { LogLife } from './state/log-life.js';
import { OffsetTracker } from './state/offset-tracker.js';
import type { ProducerStates } from './state/producer-state.js';
import { Watermark } from './state/watermark.js';

/** The inputs of which a log is made. */
export interface LogOrigin {
  readonly name: PartitionName;
  readonly folder: string;
  readonly settings: LogSettings;
  readonly found: Recovered;
  /** How far it was compacted, exclusive. */
  readonly cleanedOffset: number;
  /** Null for a high watermark that follows the flush promise. */
  readonly rule: HighWatermarkRule | null;
}

/**
 * The owners of which one log consists, made here and nowhere else. No room takes all of this: each
 * names the few owners that it needs in its own interface, which this satisfies by shape, so that
 * no wrapper lies in the way of a batch.
 */
export class LogState {
  readonly context: LogContext;
  readonly name: PartitionName;
  /** Absolute path of the partition's folder. It exists once the first segment does. */
  readonly folder: string;
  #settings: LogSettings;

  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
  readonly life = new LogLife();
  readonly leadership: Leadership;
  readonly watermark: Watermark;
  readonly readHints = new ReadHints();

  readonly durability: Durability;
  readonly staging: Staging;
  readonly rolling: Rolling;
  readonly active: ActiveSegment;
  readonly queue = new AppendQueue();
  readonly leader: LeaderAppends;
  readonly follower: ReplicaAppends;

  readonly changes: Changes;
  readonly compaction: Compaction;

  constructor(context: LogContext, origin: LogOrigin) {
    const { name, folder, settings, found, cleanedOffset, rule } = origin;
    this.context = context;
    this.name = name;
    this.folder = folder;
    this.#settings = settings;
    this.segments = found.segments;
    this.offsets = new OffsetTracker(found.logStart, found.end, found.highWatermark);
    this.epochs = found.epochs;
    this.producers = found.producers;
    this.leadership = new Leadership(this, context.leaderEpoch);
    this.watermark = new Watermark(this, rule, (offset) => findBatch(this, offset));

    const sealing = sealedOf(this);
    const isNews = found.scannedBytes > 0 || found.cutBytes > 0 || !sealing.isEmpty;
    const marks = new LogMarks(this, found.hasGaps);
    const producers = new ProducerCheckpoints(this);
    const checkpoint = new CheckpointState(this, producers, marks, isNews ? null : found.end);
    this.durability = new Durability(this, sealing, marks, checkpoint);

    this.staging = new Staging(this);
    this.rolling = new Rolling(this);
    this.active = new ActiveSegment(this);
    this.leader = new LeaderAppends(this, this.queue);
    this.follower = new ReplicaAppends(this, this.queue, marks);

    this.changes = new Changes(this);
    this.compaction = new Compaction(this, Math.min(cleanedOffset, found.end.offset));

    if (isNews) this.durability.markDirty();
    this.watermark.begin();
    if (settings.compacted) context.cleaner.watch(this.compaction);
  }

  get settings(): LogSettings {
    return this.#settings;
  }

  // These have no state of their own and are seldom needed: a directory may have very many logs.
  get memory(): LogMemory {
    return new LogMemory(this);
  }
  get retirement(): Retirement {
    return new Retirement(this);
  }
  get start(): LogStart {
    return new LogStart(this);
  }
  get removal(): Removal {
    return new Removal(this);
  }
  get plans(): CompactionPlans {
    return new CompactionPlans(
      this,
      (plan, stop) => new CompactionPass(this, plan, new CompactionJobs(this, plan, stop)),
    );
  }
  get maintenance(): Maintenance {
    return new Maintenance(this, new Retention(this), (meter) => scrubLog(this, meter));
  }
  get layout(): Layout {
    return new Layout(this, this.durability.marks.hasGaps);
  }
  get closing(): Closing {
    return new Closing(this);
  }

  updateSettings(settings: LogSettings): void {
    const { context, compaction, life } = this;
    this.#settings = settings;
    if (settings.compacted && !life.hasEnded) context.cleaner.watch(compaction);
    else context.cleaner.forget(compaction);
    if (settings.flush !== 'os') this.durability.requestSync();
    this.watermark.advance();
  }
}

/** Sealed segments whose indexes recovery had to find: they must be saved. */
function sealedOf(log: ConstructorParameters<typeof Sealing>[0]): Sealing {
  const sealing = new Sealing(log);
  for (const segment of log.segments.all()) {
    if (segment !== log.segments.active && segment.noted.indexes !== null) sealing.add(segment);
  }
  return sealing;
}
