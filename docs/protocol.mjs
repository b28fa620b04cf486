/**
 * Writes the table of APIs into docs/protocol.md, from the message tables themselves: `npm run
 * docs:protocol`. With --check it writes nothing, and ends with 1 when the page is not current.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { APIS } from '../dist/server/handlers/apis.js';

const PAGE = new URL('./protocol.md', import.meta.url);
const BEGIN = '<!-- table: npm run docs:protocol -->';
const END = '<!-- end of table -->';

function table() {
  const rows = Object.values(APIS)
    .sort((a, b) => a.key - b.key)
    .map(({ key, name, advertiseMin, min, max, flexible }) => {
      const versions = `${advertiseMin}-${max}`;
      const served = advertiseMin === min ? versions : `${min}-${max}`;
      const compact = flexible === undefined || flexible > max ? 'never' : `${flexible}+`;
      return `| ${key} | ${name} | ${versions} | ${served} | ${compact} |`;
    });
  return [
    '| key | API | advertised | served | flexible |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

const page = readFileSync(PAGE, 'utf8');
const [before, rest] = page.split(BEGIN);
const [, after] = rest.split(END);
const current = `${before}${BEGIN}\n${table()}\n${END}${after}`;
if (process.argv.includes('--check')) {
  if (current !== page) {
    process.stderr.write('docs/protocol.md is not current: run npm run docs:protocol\n');
    process.exitCode = 1;
  }
} else writeFileSync(PAGE, current);
