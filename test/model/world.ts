import {
  DEFAULT_LOG_SETTINGS,
  type Disk,
  type Engine,
  type EngineOptions,
  type LogSettings,
  ManualClock,
  MemoryCatalog,
  noLocker,
  openEngine,
  type PartitionName,
  type Random,
  seededRandom,
} from '../../engine/index.js';
import type { Log } from '../../engine/log/log.js';
import { createInlineRunner } from '../../engine/maintenance/inline-runner.js';
import { restingClock } from '../support/resting-clock.js';
import { SimDisk } from '../support/sim-disk.js';
import type { CrashKind, Fault } from './operations.js';

/** Where a sequence runs: something that is opened, stopped, and perhaps crashes and fails. */
export interface World {
  readonly clock: ManualClock;
  engine: Engine;
  log: Log;
  open(name: PartitionName, settings: Partial<LogSettings>): Promise<void>;
  /** Ends this life of the world without a close; the next `open` begins another. */
  crash(how: CrashKind, seed: number): void;
  /** After a close. */
  stopped(): void;
  /** Returns false where this world has no such fault. */
  fail(fault: Fault, short: number): boolean;
  /** Waits for what has to happen without the clock; throws when it does not. */
  settle<Value>(promise: Promise<Value>): Promise<Value>;
}

const ROOT = '/data';
const TURNS_MAX = 20_000;

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function fullSettings(settings: Partial<LogSettings>): LogSettings {
  // Expiry has tests of its own: here the clock may jump by more than producers are remembered.
  return { ...DEFAULT_LOG_SETTINGS, producerExpirationMs: Number.POSITIVE_INFINITY, ...settings };
}

/** How the disk of a simulated machine is seen: as it is, unless said otherwise. */
export type SeenAs = (disk: SimDisk) => Disk;

/** A simulated machine. */
export class SimWorld implements World {
  clock = new ManualClock();
  engine!: Engine;
  log!: Log;
  #disk: SimDisk;
  #seen: Disk;
  readonly #seenAs: SeenAs;
  #catalog = new MemoryCatalog();
  readonly #random: Random;
  readonly #gatherWrites: 'microtask' | 'turn';

  constructor(random: Random, seenAs: SeenAs = (disk) => disk) {
    this.#random = random;
    this.#seenAs = seenAs;
    const tears = random.next() < 0.3;
    const tearing = tears ? { random: seededRandom(Math.floor(random.next() * 2 ** 31)) } : {};
    // One draw for both, so that a seed means what it meant.
    const kind = Math.floor(random.next() * 4);
    this.#disk = new SimDisk({ ...tearing, syncFileSystem: kind < 2 });
    this.#seen = seenAs(this.#disk);
    this.#gatherWrites = kind % 2 === 0 ? 'turn' : 'microtask';
  }

  async open(name: PartitionName, settings: Partial<LogSettings>): Promise<void> {
    const options: EngineOptions = {
      disk: this.#seen,
      clock: this.clock,
      random: this.#random,
      jobs: createInlineRunner(this.#seen, restingClock().resting),
      locker: noLocker,
      openCatalog: async () => this.#catalog,
      descriptorsOpenMax: 3,
      gatherWrites: this.#gatherWrites,
    };
    this.engine = await this.settle(openEngine(ROOT, options));
    this.log = (await this.settle(this.engine.openPartition(name, fullSettings(settings)))) as Log;
  }

  crash(how: CrashKind, seed: number): void {
    const next =
      how === 'kill'
        ? this.#disk.kill()
        : this.#disk.powerCut(how === 'strict' ? 'strict' : seededRandom(seed));
    this.#disk.halt();
    this.#next(next, seed % 3);
  }

  stopped(): void {
    this.#next(this.#disk.kill(), 0);
  }

  /** Timers of the life before are left behind with its clock. */
  #next(disk: SimDisk, survivors: number): void {
    this.#disk = disk;
    this.#seen = this.#seenAs(disk);
    this.#catalog = this.#catalog.crash(survivors);
    this.clock = new ManualClock(this.clock.wallMs());
  }

  fail(fault: Fault, short: number): boolean {
    const log = /\.log$/;
    if (fault === 'full-disk') {
      this.#disk.failNext({ op: ['writevSync', 'writev'], path: log, code: 'ENOSPC', short });
    } else if (fault === 'full-disk-at-roll') {
      this.#disk.failNext({ op: 'openSync', path: log, code: 'ENOSPC' });
    } else if (fault === 'failed-write') {
      this.#disk.failNext({ op: ['writevSync', 'writev'], path: log, code: 'EIO', short });
    } else if (fault === 'failed-sync') {
      this.#disk.failNext({
        op: ['datasync', 'syncFileSystem'],
        path: /(\.log|^\/data)$/,
        code: 'EIO',
      });
    } else {
      this.#disk.failNext({ op: 'writev', path: /index$/, code: 'ENOSPC', short });
    }
    return true;
  }

  async settle<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const done = (): void => {
      isSettled = true;
    };
    promise.then(done, done);
    for (let turns = 0; !isSettled; turns++) {
      if (turns === TURNS_MAX) throw new Error('something waits for ever');
      await turn();
    }
    return promise;
  }
}
