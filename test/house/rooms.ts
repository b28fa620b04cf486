import type { Source } from './sources.js';

/** A house of rooms: from the top down, each imports those that stand below it. */
export interface House {
  readonly folder: string;
  /**
   * What each folder or file, without `.ts`, is for; what is not named stands on the ground.
   */
  readonly rooms: Readonly<Record<string, string>>;
}

export const LOG: House = {
  folder: 'engine/log/',
  rooms: {
    log: 'one partition: forwards',
    'log-state': 'makes the rooms of a log',
    change: 'retention, truncation, compaction',
    recovery: 'what a crash left',
    durability: 'syncs, checkpoints of one log',
    append: 'checks, order, writes',
    read: 'by offset and by time',
    state: 'offsets, epochs, producers',
    shared: 'the directory’s: sync rounds',
    segments: 'one .log and its indexes',
    // What a log promises, and what it goes by, every room may know.
    'partition-log': 'what a log promises',
    'log-settings': 'what a log goes by',
  },
};

/** Drawn, and not held to: the log and its jobs name one another's files. */
export const ENGINE: House = {
  folder: 'engine/',
  rooms: {
    public: 'the door of programs',
    index: 'the door of the server',
    repair: 'a damaged segment mended',
    inspect: 'files read without an engine',
    'open-engine': 'opens it, to write or to read',
    engine: 'one data directory',
    'read-only': 'of another process, read',
    'engine-options': 'what it is opened with',
    'memory-world': 'a directory in memory',
    serving: 'whether a broker serves it',
    backup: 'a copy as of one moment',
    embedded: 'records in, records out',
    'log-directory': 'its logs: opened, deleted',
    'folder-claims': 'whose a folder is',
    'partition-folder': 'a partition’s folder',
    log: 'one partition (on the right)',
    maintenance: 'jobs on threads',
    catalog: 'the directory’s facts: LMDB',
    disk: 'files, descriptors, health',
    batch: 'record batch v2, codecs',
    ground: 'errors, clock, limits, turns',
  },
};

export const SERVER: House = {
  folder: 'server/',
  rooms: {
    main: 'the command',
    index: 'startBroker for programs',
    cli: 'commands and their client',
    double: 'the broker of startBroker',
    broker: 'opens all parts, closes them',
    testing: 'faults and time for tests',
    handlers: 'one file an API',
    groups: 'consumer groups, offsets',
    coordination: 'the coordinators’ runtime',
    fetching: 'fetch sessions, one round',
    replication: 'followers and leaders',
    partition: 'role, epoch, acks',
    request: 'dispatch, admission, waiting',
    metadata: 'store, image, controller',
    net: 'sockets, frames, answers',
    protocol: 'messages as tables',
    settings: 'Kafka’s keys',
    logging: 'one line an event',
    limits: 'every bound',
  },
};

/** Downwards, and not allowed all the same: from, to. */
const NEVERS: readonly (readonly [string, string])[] = [['server/metadata/', 'server/net/']];

/** Who alone may import what stands above the rooms of a log. */
const ALONE: Readonly<Record<string, string>> = {
  'engine/log/log.ts': 'engine/log-directory.ts',
  'engine/log/log-state.ts': 'engine/log/log.ts',
};

/** The names on the first floor of `engine/log`: rooms and files. */
export function firstFloor(sources: readonly Source[]): string[] {
  const names = sources
    .filter(({ path }) => path.startsWith(LOG.folder))
    .map(({ path }) => path.slice(LOG.folder.length).split('/')[0]!);
  return [...new Set(names)];
}

/**
 * Imports in `engine/log` and in `server` that do not lead downwards, and imports of `log.ts` by
 * others than the directory, of `log-state.ts` by others than `log.ts`.
 */
export function upwardImports(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports.filter((to) => !isAllowed(path, to)).map((to) => `${path} → ${to}`),
  );
}

function isAllowed(from: string, to: string): boolean {
  if (to in ALONE) return from === ALONE[to];
  if (NEVERS.some(([high, low]) => from.startsWith(high) && to.startsWith(low))) return false;
  const house = [LOG, SERVER].find(({ folder }) => to.startsWith(folder));
  if (house === undefined || !from.startsWith(house.folder)) return true;
  return floorOf(house, from) <= floorOf(house, to);
}

/** Counted from the top. */
export function floorOf({ folder, rooms }: House, path: string): number {
  const [name] = path.slice(folder.length).split('/');
  const names = Object.keys(rooms);
  const floor = names.indexOf(name!.replace(/\.ts$/, ''));
  const found = floor < 0 ? names.indexOf('ground') : floor;
  if (found < 0) throw new Error(`${path} is in no room`);
  return found;
}
