import {
  type Clock,
  type Disk,
  type Engine,
  nodeDisk,
  openLmdbCatalog,
  type Random,
  systemClock,
  systemRandom,
  TurnSlices,
} from '../../engine/index.js';
import type { ServerLimits } from '../limits.js';
import type { LogHost } from '../partition/partitions.js';
import type { BrokerOptions } from './broker.js';
import { limitsOf } from './limits.js';

/** The ground of a broker's rooms: its options, with every default filled in. */
export interface Ground
  extends Pick<
    BrokerOptions,
    | 'settings'
    | 'brokerStatic'
    | 'logger'
    | 'faults'
    | 'observer'
    | 'narrowApi'
    | 'authorizer'
    | 'quota'
  > {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly openCatalog: NonNullable<BrokerOptions['openCatalog']>;
  /** Cuts long work into slices; all rooms share one allowance per turn of the event loop. */
  readonly slices: TurnSlices;
  readonly limits: ServerLimits;
  /** Ends the process for a broken invariant. Default: it is thrown outside of every promise. */
  readonly crash?: (error: Error) => void;
}

/** The data directory as the rooms of a broker use it: an engine, or a substitute in tests. */
export interface Logs
  extends LogHost,
    Pick<
      Engine,
      | 'path'
      | 'leaderEpoch'
      | 'wasClean'
      | 'catalog'
      | 'space'
      | 'takeOffline'
      | 'counters'
      | 'namedLogs'
      | 'partitionsOnDisk'
    > {}

/** The ground on a machine, with the options for the first and the last room. */
export interface MachineGround
  extends Ground,
    Pick<BrokerOptions, 'jobs' | 'locker' | 'network' | 'handleRefs' | 'onProgress'> {
  /** Null: one is opened. */
  readonly givenEngine: Engine | null;
  readonly networkClock: Clock;
}

/** The ground of the machine, where options say nothing else. */
export function groundOf(options: BrokerOptions): MachineGround {
  const clock = options.clock ?? systemClock;
  const { engine: givenEngine = null, ...others } = options;
  return {
    ...others,
    givenEngine,
    clock,
    random: options.random ?? systemRandom,
    disk: options.disk ?? givenEngine?.disk ?? nodeDisk,
    openCatalog:
      options.openCatalog ??
      (givenEngine === null ? openLmdbCatalog : (path) => givenEngine.openCatalog(path)),
    networkClock: options.networkClock ?? clock,
    slices: new TurnSlices(clock, options.meter),
    limits: limitsOf(options.settings),
  };
}
