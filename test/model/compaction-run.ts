import type { CodecName } from '../../engine/batch/compression.js';
import { type Engine, type LogSettings, type Random, seededRandom } from '../../engine/index.js';
import type { Log } from '../../engine/log/log.js';
import { type KeyedInput, type KeyedRecord, keyedBatch, readRecordsOf } from '../support/keyed.js';
import {
  cutPower,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  type SimOpenOptions,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';

const CODECS: readonly CodecName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const OPERATIONS = 60;
const HOUR_MS = 3_600_000;

/** What was appended, with the time of it. */
interface Appended extends KeyedRecord {
  readonly appendedMs: number;
}

export interface CompactionRunResult {
  readonly passes: number;
  readonly recordsRemoved: number;
}

/** One random history. A difference becomes an error that names the seed and what was done. */
export async function runCompactionSeed(
  seed: number,
  wrap: SimOpenOptions['wrap'] | null = null,
): Promise<CompactionRunResult> {
  const run = new CompactionRun(seededRandom(seed), seed, wrap);
  try {
    return await run.run();
  } catch (error) {
    throw new Error(
      `history ${seed} (ODRADEK_SEED=${seed} runs it again) went wrong after\n  ${run.done.join('\n  ')}`,
      { cause: error },
    );
  }
}

class CompactionRun {
  readonly done: string[] = [];
  readonly #random: Random;
  readonly #settings: Partial<LogSettings>;
  /** A factor so small leaves room for a few keys: a compaction takes several passes. */
  readonly #loadFactor: number;
  readonly #keys: number;
  #world: SimWorld;
  /** Where there is one, no power is cut. */
  readonly #wrap: SimOpenOptions['wrap'] | null;
  #engine!: Engine;
  #log!: Log;
  #history: Appended[] = [];
  /**
   * Keys of which a record was cut off the log that compaction had seen: how much of the rest is
   * there is not known.
   */
  readonly #uncertain = new Set<string | null>();
  #passes = 0;
  #recordsRemoved = 0;

  constructor(random: Random, seed: number, wrap: SimOpenOptions['wrap'] | null) {
    this.#wrap = wrap;
    this.#random = random;
    this.#world = newWorld({ random: seededRandom(seed) });
    this.#keys = this.#below(2) === 0 ? 4 : 25;
    this.#loadFactor = this.#below(3) === 0 ? 0.0002 : 0.9;
    this.#settings = {
      compacted: true,
      segmentBytes: 300 + this.#below(1500),
      indexIntervalBytes: this.#below(400),
      deleteRetentionMs: this.#below(2) * HOUR_MS,
      minCleanableDirtyRatio: random.next(),
      fileDeleteDelayMs: this.#below(2) * 60_000,
      ...(this.#below(3) === 0 ? { minCompactionLagMs: HOUR_MS } : {}),
      ...(this.#below(3) === 0 ? { maxCompactionLagMs: 5 * HOUR_MS } : {}),
    };
  }

  async run(): Promise<CompactionRunResult> {
    await this.#open();
    for (let at = 0; at < OPERATIONS; at++) await this.#operate();
    await this.#check();
    await this.#engine.close();
    return { passes: this.#passes, recordsRemoved: this.#recordsRemoved };
  }

  #below(limit: number): number {
    return Math.floor(this.#random.next() * limit);
  }

  async #open(): Promise<void> {
    const compaction = { loadFactor: this.#loadFactor, mapBytes: 1024 * 1024 };
    this.#engine = await openWorld(this.#world, {
      compaction,
      ...(this.#wrap && { wrap: this.#wrap }),
    });
    this.#log = (await openLog(this.#engine, this.#settings)) as Log;
  }

  async #operate(): Promise<void> {
    const draw = this.#below(100);
    if (draw < 50) await this.#append();
    else if (draw < 65) await this.#compact();
    else if (draw < 72) await this.#appendWhileCompacting();
    else if (draw < 80) this.#advance();
    else if (draw < 84) await this.#log.maintenance.roll();
    else if (draw < 88) await this.#deleteBefore();
    else if (draw < 91) await this.#truncate();
    else await this.#restart();
    if (this.#below(4) === 0) await this.#check();
  }

  async #append(): Promise<void> {
    const nowMs = this.#world.clock.wallMs();
    const inputs: KeyedInput[] = Array.from({ length: 1 + this.#below(4) }, () => [
      `key ${this.#below(this.#keys)}`,
      this.#below(4) === 0 ? null : `value ${this.#history.length} ${'x'.repeat(this.#below(80))}`,
    ]);
    const codec = CODECS[this.#below(CODECS.length)]!;
    this.done.push(`append ${inputs.length} with ${codec}`);
    const batch = await keyedBatch(inputs, { codec, timestamp: nowMs });
    const { baseOffset } = await this.#log.append(batch);
    for (const [at, [key, value]] of inputs.entries()) {
      const offset = baseOffset + at;
      this.#uncertain.delete(key);
      this.#history.push({ offset, key, value, timestamp: nowMs, appendedMs: nowMs });
    }
  }

  async #compact(): Promise<void> {
    this.done.push('compact');
    this.#note(await this.#log.maintenance.compact());
    await this.#check();
  }

  #note({ passes, recordsRemoved }: CompactionRunResult): void {
    this.#passes += passes;
    this.#recordsRemoved += recordsRemoved;
  }

  async #appendWhileCompacting(): Promise<void> {
    this.done.push('compact, and at the same time:');
    const compacting = this.#log.maintenance.compact();
    for (let left = this.#below(5); left > 0; left--) await this.#append();
    this.#note(await compacting);
  }

  #advance(): void {
    const ms = this.#below(2 * HOUR_MS);
    this.done.push(`advance ${ms}`);
    this.#world.clock.advance(ms);
  }

  async #deleteBefore(): Promise<void> {
    const { logStartOffset, highWatermark } = this.#log;
    const offset = logStartOffset + this.#below((highWatermark - logStartOffset) / 3);
    this.done.push(`delete before ${offset}`);
    await this.#log.deleteBefore(offset);
  }

  /** Sometimes in the middle of a compaction. */
  async #truncate(): Promise<void> {
    const { logStartOffset, logEndOffset } = this.#log;
    const offset = logEndOffset - this.#below((logEndOffset - logStartOffset) / 3);
    const isBusy = this.#below(2) === 0;
    this.done.push(`truncate to ${offset}${isBusy ? ', while compacting' : ''}`);
    const compacting = isBusy ? this.#log.maintenance.compact() : null;
    await this.#log.truncateTo(offset, { evenCommitted: true });
    if (compacting !== null) this.#note(await compacting);
    const end = this.#log.logEndOffset;
    for (const { offset, key } of this.#history) {
      // For its sake an earlier one may have gone: the cleaner goes on by itself, too.
      if (offset >= end) this.#uncertain.add(key);
    }
    this.#history = this.#history.filter((record) => record.offset < end);
  }

  /**
   * What is acknowledged is durable: no way to stop takes anything. Sometimes in the middle of a
   * compaction.
   */
  async #restart(): Promise<void> {
    const isBusy = this.#below(2) === 0;
    if (isBusy) this.#log.maintenance.compact().catch(() => {});
    for (let left = this.#below(60); isBusy && left > 0; left--) await Promise.resolve();
    const how = this.#below(4);
    this.done.push(`${['stop', 'kill', 'strict power cut', 'power cut'][how]}, busy: ${isBusy}`);
    if (how === 0) this.#world = await stopCleanly(this.#world, this.#engine);
    else if (how === 1 || this.#wrap) this.#world = killProcess(this.#world);
    else this.#world = cutPower(this.#world, how === 2 ? 'strict' : this.#below(1e9));
    await this.#open();
    await this.#check();
  }

  async #check(): Promise<void> {
    const log = this.#log;
    const end = (this.#history.at(-1)?.offset ?? -1) + 1;
    if (log.highWatermark < end)
      throw new Error(`the log ends at ${log.highWatermark}, not ${end}`);
    // Before it is read: the cleaner goes on by itself meanwhile.
    const { cleanedOffset } = log.state.compaction;
    const seen = await readRecordsOf(log);
    this.#checkRecords(seen);
    this.#checkKeys(seen);
    this.#checkCleaned(seen, cleanedOffset);
  }

  /** Nothing came, moved or changed. */
  #checkRecords(seen: readonly KeyedRecord[]): void {
    const known = new Map(this.#history.map((record) => [record.offset, record]));
    let before = -1;
    for (const record of seen) {
      const appended = known.get(record.offset);
      const isSame =
        appended?.key === record.key &&
        appended.value === record.value &&
        appended.timestamp === record.timestamp;
      if (!isSame || record.offset <= before) {
        throw new Error(`read was ${JSON.stringify(record)}, appended ${JSON.stringify(appended)}`);
      }
      before = record.offset;
    }
  }

  /**
   * The last record of each key is there; a tombstone until it may go, and after it nothing of the
   * key.
   */
  #checkKeys(seen: readonly KeyedRecord[]): void {
    const nowMs = this.#world.clock.wallMs();
    const { deleteRetentionMs = 0 } = this.#settings;
    const lastSeen = new Map(seen.map((record) => [record.key, record]));
    const last = new Map(this.#history.map((record) => [record.key, record]));
    for (const [key, record] of last) {
      if (record.offset < this.#log.logStartOffset || this.#uncertain.has(key)) continue;
      const found = lastSeen.get(key);
      if (found?.offset === record.offset) continue;
      const mayBeGone = record.value === null && nowMs >= record.appendedMs + deleteRetentionMs;
      if (mayBeGone && found === undefined) continue;
      throw new Error(
        `the last of ${key} is ${JSON.stringify(record)}, found was ${JSON.stringify(found)}`,
      );
    }
  }

  /** Where the log was compacted, no key has two records. */
  #checkCleaned(seen: readonly KeyedRecord[], cleanedOffset: number): void {
    const keys = new Set<string | null>();
    for (const { key, offset } of seen) {
      if (offset >= cleanedOffset) break;
      if (keys.has(key)) throw new Error(`${key} is there twice below ${cleanedOffset}`);
      keys.add(key);
    }
  }
}
