import type { Source } from './sources.js';

const FOLDER = 'engine/log/';

/** The rooms of `engine/log`, from the top down: each imports those that stand below it. */
const ROOMS = [
  'change',
  'recovery',
  'durability',
  'append',
  'read',
  'state',
  'shared',
  'segments',
] as const;

/** What every room may import beside those below it. */
const PROMISES = ['log-settings.ts', 'partition-log.ts'];

/** Where `log.ts`, which makes the rooms, may be imported: by the directory. */
const DIRECTORY = 'engine/log-directory.ts';

/** The names on the first floor of `engine/log`: rooms and files. */
export function firstFloor(sources: readonly Source[]): string[] {
  const names = sources
    .filter(({ path }) => path.startsWith(FOLDER))
    .map(({ path }) => path.slice(FOLDER.length).split('/')[0]!);
  return [...new Set(names)];
}

/**
 * Imports in `engine/log` that do not lead downwards, and imports of `log.ts` by others than the
 * directory.
 */
export function upwardImports(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, imports }) =>
    imports.filter((to) => !isAllowed(path, to)).map((to) => `${path} → ${to}`),
  );
}

function isAllowed(from: string, to: string): boolean {
  if (!to.startsWith(FOLDER)) return true;
  if (to === `${FOLDER}log.ts`) return from === DIRECTORY;
  if (!from.startsWith(FOLDER)) return true;
  const target = to.slice(FOLDER.length);
  if (PROMISES.includes(target)) return true;
  return floorOf(from.slice(FOLDER.length)) <= floorOf(target);
}

/** 0 for `log.ts`, which stands above all rooms; below them stand the promises. */
function floorOf(name: string): number {
  if (PROMISES.includes(name)) return ROOMS.length + 1;
  return ROOMS.findIndex((room) => name.startsWith(`${room}/`)) + 1;
}
