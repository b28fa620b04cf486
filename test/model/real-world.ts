import { nodeDisk } from '../../engine/disk/node-disk.js';
import {
  type LogSettings,
  ManualClock,
  noLocker,
  openEngine,
  type PartitionName,
  type Random,
} from '../../engine/index.js';
import type { Log } from '../../engine/log/log.js';
import { createInlineRunner } from '../../engine/maintenance/inline-runner.js';
import { restingClock } from '../support/resting-clock.js';
import type { World } from './world.js';
import { fullSettings } from './world.js';

/** The machine's own disk and LMDB. Nothing crashes here: a process cannot lose its power. */
export class RealWorld implements World {
  clock = new ManualClock();
  engine!: World['engine'];
  log!: Log;
  readonly #root: string;
  readonly #random: Random;

  constructor(root: string, random: Random) {
    this.#root = root;
    this.#random = random;
  }

  async open(name: PartitionName, settings: Partial<LogSettings>): Promise<void> {
    this.engine = await openEngine(this.#root, {
      clock: this.clock,
      random: this.#random,
      jobs: createInlineRunner(nodeDisk, restingClock().resting),
      locker: noLocker,
      descriptorsOpenMax: 3,
    });
    this.log = (await this.engine.openPartition(name, fullSettings(settings))) as Log;
  }

  crash(): void {
    throw new Error('this world does not crash');
  }

  stopped(): void {
    this.clock = new ManualClock(this.clock.wallMs());
  }

  fail(): boolean {
    return false;
  }

  settle<Value>(promise: Promise<Value>): Promise<Value> {
    return promise;
  }
}
