import { deepStrictEqual } from 'node:assert';
import { baseOffset, lastOffset } from '../../engine/batch/header.js';
import { type Engine, type PartitionLog, type Random, seededRandom } from '../../engine/index.js';
import { keyedBatch, readBatchesOf } from '../support/keyed.js';
import {
  cutPower,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';
import { splitBatches } from './model-log.js';

const OPERATIONS = 60;
/** More than the unclean opens of a run: each epoch is above those of either directory. */
const EPOCH_STEP = 100;

/** What a seed has come across. */
export interface Copied {
  readonly batches: number;
  readonly beginnings: number;
  readonly truncations: number;
}

/** One log that leads and one that follows, each in a world of its own. */
class Side {
  log!: PartitionLog;
  #engine!: Engine;
  #world: SimWorld = newWorld();
  readonly #settings: Parameters<typeof openLog>[1];

  constructor(settings: Parameters<typeof openLog>[1]) {
    this.#settings = settings;
  }

  async open(): Promise<void> {
    this.#engine = await openWorld(this.#world);
    this.log = await openLog(this.#engine, this.#settings);
  }

  /** Everything is synced when an append is answered: nothing is lost in any way. */
  async restart(way: number): Promise<void> {
    if (way === 0) this.#world = await stopCleanly(this.#world, this.#engine);
    else this.#world = way === 1 ? killProcess(this.#world) : cutPower(this.#world);
    await this.open();
  }
}

/**
 * One random history of a leader, and of a follower that copies it. A difference becomes an error
 * that says what was done.
 */
export async function runCopyingSeed(seed: number): Promise<Copied> {
  const run = new CopyingRun(seededRandom(seed));
  try {
    return await run.run();
  } catch (error) {
    throw new Error(
      `history ${seed} (ODRADEK_SEED=${seed} runs it again) went wrong after\n  ${run.done.join('\n  ')}`,
      { cause: error },
    );
  }
}

class CopyingRun {
  readonly done: string[] = [];
  readonly #random: Random;
  readonly #leader: Side;
  readonly #follower: Side;
  /** What the follower was given and has not dropped, whatever has become of it at the leader. */
  #given: Buffer[] = [];
  #epoch = 0;
  readonly #copied = { batches: 0, beginnings: 0, truncations: 0 };

  constructor(random: Random) {
    this.#random = random;
    const segments = { segmentBytes: 300 + this.#below(1200), flush: 'ack' as const };
    this.#leader = new Side({ ...segments, compacted: true, deletes: true, retentionBytes: 2500 });
    this.#follower = new Side({
      ...segments,
      maxBatchBytes: 100,
      segmentBytes: 200 + this.#below(900),
    });
  }

  async run(): Promise<Copied> {
    await this.#leader.open();
    this.#lead();
    await this.#follower.open();
    this.#follower.log.epochs.follow();
    for (let at = 0; at < OPERATIONS; at++) {
      await this.#operate();
      await this.#check(this.#follower.log, this.#given);
    }
    await this.#catchUp();
    await this.#check(this.#follower.log, this.#given);
    await this.#copyAnew();
    return this.#copied;
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  #lead(): void {
    this.#epoch += EPOCH_STEP;
    this.#leader.log.epochs.lead(this.#epoch);
  }

  async #operate(): Promise<void> {
    const draw = this.#below(100);
    const { log } = this.#leader;
    const { logStartOffset: start, logEndOffset: end } = log;
    const somewhere = start + this.#below(end - start + 1);
    if (draw < 40) await this.#append();
    else if (draw < 62) await this.#did('copy', () => this.#copy());
    else if (draw < 72) await this.#did('compact', () => log.maintenance.compact());
    else if (draw < 76) await this.#did('roll', () => log.maintenance.roll());
    else if (draw < 80) await this.#did('retain', () => log.maintenance.applyRetention());
    else if (draw < 84) await this.#did(`delete ${somewhere}`, () => log.deleteBefore(somewhere));
    else if (draw < 88) {
      await this.#did(`cut ${somewhere}`, () => log.truncateTo(somewhere, { evenCommitted: true }));
      this.#lead();
    } else if (draw < 94) {
      await this.#did('restart leader', () => this.#leader.restart(this.#below(3)));
      this.#lead();
    } else {
      await this.#did('restart follower', () => this.#follower.restart(this.#below(3)));
      this.#follower.log.epochs.follow();
    }
  }

  async #did(what: string, work: () => Promise<unknown>): Promise<void> {
    this.done.push(what);
    await work();
  }

  async #append(): Promise<void> {
    for (let left = 1 + this.#below(4); left > 0; left--) {
      const records = Array.from(
        { length: 1 + this.#below(4) },
        () => [`${this.#below(5)}`, 'x'.repeat(this.#below(80))] as const,
      );
      const { baseOffset: base } = await this.#leader.log.append(await keyedBatch(records));
      this.done.push(`append ${records.length} at ${base}`);
    }
  }

  async #catchUp(): Promise<void> {
    while (this.#follower.log.logEndOffset !== this.#leader.log.logEndOffset) {
      await this.#did('copy', () => this.#copy());
    }
  }

  /**
   * One fetch of a follower: where the histories part, where the leader begins, then a piece of
   * what comes behind.
   */
  async #copy(): Promise<void> {
    const leader = this.#leader.log;
    const follower = this.#follower.log;
    await this.#part();
    const { logEndOffset: end } = follower;
    if (end < leader.logStartOffset || end > leader.logEndOffset) {
      await this.#begin(leader.logStartOffset);
    }
    const batches = await piece(leader, follower.logEndOffset, 1 + this.#below(1500));
    const [first] = batches;
    if (first === undefined) return;
    // The leader's log begins within its first batch.
    if (baseOffset(first) < follower.logEndOffset) await this.#begin(baseOffset(first));
    for (const bytes of this.#below(2) === 0 ? batches : [Buffer.concat(batches)]) {
      await follower.append(bytes, 'replica');
    }
    this.#given.push(...batches);
    this.#copied.batches += batches.length;
    const start = Math.min(leader.logStartOffset, follower.highWatermark);
    await follower.deleteBefore(start);
  }

  /** Cuts off what the leader does not have (KIP-101, KIP-279). */
  async #part(): Promise<void> {
    const leader = this.#leader.log;
    const follower = this.#follower.log;
    for (;;) {
      const { logStartOffset: start, logEndOffset: end } = follower;
      if (start === end) return;
      const asked = follower.epochs.at(end - 1);
      const { leaderEpoch, endOffset } = leader.epochs.endOf(asked);
      const known = follower.epochs.endOf(leaderEpoch).endOffset;
      const cut = leaderEpoch === asked ? endOffset : Math.min(endOffset, known);
      if (cut >= end) return;
      if (cut < start) return this.#begin(leader.logStartOffset);
      this.done.push(`cut the follower at ${cut}`);
      await follower.truncateTo(cut, { evenCommitted: true });
      this.#given = this.#given.filter((batch) => lastOffset(batch) < follower.logEndOffset);
      this.#copied.truncations++;
    }
  }

  async #begin(offset: number): Promise<void> {
    const { log } = this.#follower;
    this.done.push(`begin the follower at ${offset}`);
    // A leader that was cut below where the follower begins has nothing of what that has.
    if (offset < log.highWatermark && log.logStartOffset < log.logEndOffset) {
      await log.truncateTo(log.logStartOffset, { evenCommitted: true });
    }
    await log.beginAt(offset);
    this.#given = [];
    this.#copied.beginnings++;
  }

  async #check(log: PartitionLog, batches: readonly Buffer[]): Promise<void> {
    const expected = batches.filter((batch) => lastOffset(batch) >= log.logStartOffset);
    deepStrictEqual(await readBatchesOf(log), expected);
    deepStrictEqual((await log.maintenance.scrub()).damaged, null);
  }

  /** A new follower has the bytes of the leader, before and after a power cut. */
  async #copyAnew(): Promise<void> {
    const { log } = this.#leader;
    const side = new Side({ flush: 'ack', segmentBytes: 500 });
    await side.open();
    side.log.epochs.follow();
    await side.log.beginAt(log.logStartOffset);
    for (let isBegun = false; side.log.logEndOffset < log.logEndOffset; isBegun = true) {
      const batches = await piece(log, side.log.logEndOffset, 1 + this.#below(3000));
      const [first] = batches;
      if (first === undefined) break;
      if (!isBegun) await side.log.beginAt(Math.min(baseOffset(first), log.logStartOffset));
      await side.log.append(Buffer.concat(batches), 'replica');
    }
    for (let restarts = 0; restarts < 2; restarts++) {
      await this.#check(side.log, await readBatchesOf(log));
      await side.restart(2);
    }
  }
}

/** Whole batches of a leader from `offset` on, also those without records. */
async function piece(log: PartitionLog, offset: number, maxBytes: number): Promise<Buffer[]> {
  const request = { offset, maxBytes, minOneBatch: true, includeEmpty: true } as const;
  const { slice } = log.read({ ...request, isolation: 'log-end' });
  if (slice === null) return [];
  const bytes = await slice.bytes();
  slice.release();
  return splitBatches(bytes).map((batch) => batch.bytes);
}
