import { ENGINE, floorOf, type House, LOG, SERVER } from './rooms.js';
import type { Source } from './sources.js';

const WIDTH = 1080;
const ROW = 44;
const BOX = { width: 200, height: 36 };
const TOP = 64;
const COLUMNS = [
  { house: SERVER, x: 40, title: 'server/' },
  { house: ENGINE, x: 410, title: 'engine/' },
  { house: LOG, x: 780, title: 'engine/log/' },
] as const;

/** The rooms of a house that have files, from the top down. */
function roomsOf(house: House, sources: readonly Source[]): string[] {
  const used = new Set(sources.map(({ path }) => roomOf(house, path)));
  return Object.keys(house.rooms).filter((room) => used.has(room));
}

function roomOf(house: House, path: string): string | null {
  if (!path.startsWith(house.folder)) return null;
  return Object.keys(house.rooms)[floorOf(house, path)]!;
}

/** Which rooms each room imports. */
function importsOf(house: House, sources: readonly Source[]): Map<string, Set<string>> {
  const found = new Map(roomsOf(house, sources).map((room) => [room, new Set<string>()]));
  for (const { path, imports } of sources) {
    const from = roomOf(house, path);
    for (const each of imports) {
      const to = roomOf(house, each);
      if (from !== null && to !== null && from !== to) found.get(from)!.add(to);
    }
  }
  return found;
}

/**
 * The imports that say something: those that lead up, and of those that lead down the ones that no
 * way through rooms in between implies.
 */
export function toldImports(
  rooms: readonly string[],
  imports: ReadonlyMap<string, ReadonlySet<string>>,
): [from: string, to: string][] {
  const floor = (room: string): number => rooms.indexOf(room);
  const below = (room: string): string[] =>
    [...(imports.get(room) ?? [])].filter((to) => floor(to) > floor(room));
  const leadsTo = (from: string, to: string): boolean =>
    from === to || below(from).some((next) => floor(next) <= floor(to) && leadsTo(next, to));
  return rooms.flatMap((from) =>
    [...(imports.get(from) ?? [])]
      .filter((to) => floor(to) < floor(from) || !impliedBy(below(from), to, leadsTo))
      .sort()
      .map((to): [string, string] => [from, to]),
  );
}

function impliedBy(
  below: readonly string[],
  to: string,
  leadsTo: (from: string, to: string) => boolean,
): boolean {
  return below.some((next) => next !== to && leadsTo(next, to));
}

/**
 * The rooms of the house as an SVG: a column for each floor plan, an arc from each room to those
 * that it imports. It changes only when a room, or an import between two rooms, comes or goes.
 */
export function pictureOf(sources: readonly Source[]): string {
  const columns = COLUMNS.map(({ house, x, title }) => drawColumn(house, x, title, sources));
  const rows = Math.max(...COLUMNS.map(({ house }) => roomsOf(house, sources).length));
  const height = TOP + rows * ROW + 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<title>The rooms of the house, and which imports which</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="40" y="24" fill="#555">A room imports rooms below it: those that its arcs lead to, and what those lead to. Red leads up. The server knows the engine by its index alone.</text>`,
    ...columns,
    '</svg>',
    '',
  ].join('\n');
}

function drawColumn(house: House, x: number, title: string, sources: readonly Source[]): string {
  const rooms = roomsOf(house, sources);
  const middle = (room: string): number => TOP + rooms.indexOf(room) * ROW + BOX.height / 2;
  const arcs = toldImports(rooms, importsOf(house, sources)).map(([from, to]) =>
    drawArc(x + BOX.width, middle(from), middle(to)),
  );
  const boxes = rooms.map((room) => {
    const y = middle(room);
    return [
      `<rect x="${x}" y="${y - BOX.height / 2}" width="${BOX.width}" height="${BOX.height}" rx="4" fill="#eef3fa" stroke="#5b7db1"/>`,
      `<text x="${x + 10}" y="${y - 2}" fill="#1c2b45" font-weight="600">${room}</text>`,
      `<text x="${x + 10}" y="${y + 12}" fill="#55657d" font-size="11">${house.rooms[room]}</text>`,
    ].join('');
  });
  const name = `<text x="${x}" y="${TOP - 14}" font-weight="600" fill="#1c2b45">${title}</text>`;
  return [name, ...arcs, ...boxes].join('\n');
}

/** Downwards an arc is grey; one that leads up, as between two folders, is red. */
function drawArc(x: number, y1: number, y2: number): string {
  const reach = 12 + Math.abs(y2 - y1) * 0.34;
  const color = y2 > y1 ? '#8a99ad' : '#c0392b';
  const bend = `M${x} ${y1} C${x + reach} ${y1} ${x + reach} ${y2} ${x + 5} ${y2}`;
  const head = `M${x + 5} ${y2 - 3} L${x} ${y2} L${x + 5} ${y2 + 3}Z`;
  return `<path d="${bend}" fill="none" stroke="${color}" stroke-opacity=".7"/><path d="${head}" fill="${color}"/>`;
}
