import { element, escapeXml, picture, text } from '../report/svg.js';
import type { Stack } from './cpu-profile.js';

const WIDTH = 1200;
const LINE = 18;
const TOP = 34;
/** Narrower than this, a function is left out of the picture. */
const SHARE_MIN = 0.003;
const CHARACTER = 6.2;

/** Callers above, callees below; a function is as wide as its share of the time. */
export function flamePicture(title: string, root: Stack): string {
  const parts: string[] = [text(10, 20, title, { 'font-weight': 'bold', 'font-size': 14 })];
  let deepest = 0;
  const draw = (stack: Stack, from: number, depth: number): void => {
    if (stack.share < SHARE_MIN) return;
    deepest = Math.max(deepest, depth);
    parts.push(frame(stack, from * WIDTH, TOP + depth * LINE));
    let at = from;
    for (const child of stack.children) {
      draw(child, at, depth + 1);
      at += child.share;
    }
  };
  draw(root, 0, 0);
  return picture(WIDTH, TOP + (deepest + 1) * LINE + 10, title, parts);
}

function frame({ name, share }: Stack, x: number, y: number): string {
  const width = share * WIDTH;
  const percent = `${(share * 100).toFixed(1)} %`;
  const box = { x, y, width: Math.max(0.5, width - 0.5), height: LINE - 1, fill: colourOf(name) };
  const room = Math.floor(width / CHARACTER) - 1;
  const label =
    room >= 4 ? text(x + 3, y + 12, `${name} ${percent}`.slice(0, room), { 'font-size': 10 }) : '';
  return element(
    'g',
    {},
    `<title>${escapeXml(`${name} ${percent}`)}</title>${element('rect', box)}${label}`,
  );
}

/** Our engine, our server, Node, packages: each a colour of its own. */
function colourOf(name: string): string {
  if (name.includes(' engine/')) return '#ffb77c';
  if (name.includes(' server/')) return '#ffe08a';
  if (name.includes(' node:')) return '#c8e1ff';
  return '#e1e4e8';
}
