import type { Source } from './sources.js';

/** A house of rooms: from the top down, each imports those that stand below it. */
interface House {
  readonly folder: string;
  readonly rooms: readonly string[];
}

const LOG: House = {
  folder: 'engine/log/',
  rooms: [
    'change',
    'recovery',
    'durability',
    'append',
    'read',
    'state',
    'shared',
    'segments',
    // What a log promises, and what it goes by, every room may know.
    'partition-log',
    'log-settings',
  ],
};

const SERVER: House = {
  folder: 'server/',
  rooms: [
    'main',
    'index',
    'cli',
    'broker',
    'testing',
    'handlers',
    'groups',
    'coordination',
    'fetching',
    'replication',
    'partition',
    'request',
    'metadata',
    'net',
    'protocol',
    'settings',
    'logging',
    'limits',
  ],
};

/** Downwards, and not allowed all the same: from, to. */
const NEVERS: readonly (readonly [string, string])[] = [['server/metadata/', 'server/net/']];

/** Where `log.ts`, which makes the rooms, may be imported: by the directory. */
const DIRECTORY = 'engine/log-directory.ts';

/** The names on the first floor of `engine/log`: rooms and files. */
export function firstFloor(sources: readonly Source[]): string[] {
  const names = sources
    .filter(({ path }) => path.startsWith(LOG.folder))
    .map(({ path }) => path.slice(LOG.folder.length).split('/')[0]!);
  return [...new Set(names)];
}

/**
 * Imports in `engine/log` and in `server` that do not lead downwards, and imports of `log.ts` by
 * others than the directory.
 */
export function upwardImports(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports.filter((to) => !isAllowed(path, to)).map((to) => `${path} → ${to}`),
  );
}

function isAllowed(from: string, to: string): boolean {
  if (to === `${LOG.folder}log.ts`) return from === DIRECTORY;
  if (NEVERS.some(([high, low]) => from.startsWith(high) && to.startsWith(low))) return false;
  const house = [LOG, SERVER].find(({ folder }) => to.startsWith(folder));
  if (house === undefined || !from.startsWith(house.folder)) return true;
  return floorOf(house, from) <= floorOf(house, to);
}

/** Counted from the top. `log.ts` stands above all rooms of its house. */
function floorOf({ folder, rooms }: House, path: string): number {
  if (path === `${LOG.folder}log.ts`) return -1;
  const [name] = path.slice(folder.length).split('/');
  const floor = rooms.indexOf(name!.replace(/\.ts$/, ''));
  if (floor < 0) throw new Error(`${path} is in no room`);
  return floor;
}
