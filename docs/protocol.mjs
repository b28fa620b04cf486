/**
 * Writes the table of APIs into docs/protocol.md, from the message tables themselves: `npm run
 * docs:protocol`. With --check it writes nothing, and ends with 1 when the page is not current.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { SERVED } from '../dist/server/handlers/index.js';

const PAGE = new URL('./protocol.md', import.meta.url);
const BEGIN = '<!-- table: npm run docs:protocol -->';
const END = '<!-- end of table -->';

/** A right in Kafka's own words, such as `IdempotentWrite Cluster or Write Topic`. */
function asked({ operation, resource, or }) {
  const right = `${capital(operation)} ${capital(resource)}`;
  return or === undefined ? right : `${right} or ${asked(or)}`;
}

function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}

function table() {
  const rows = [...SERVED]
    .sort((a, b) => a.api.key - b.api.key)
    .map(({ api: { key, name, advertiseMin, min, max, flexible }, asks }) => {
      const versions = `${advertiseMin}-${max}`;
      const served = advertiseMin === min ? versions : `${min}-${max}`;
      const compact = flexible === undefined || flexible > max ? 'never' : `${flexible}+`;
      return `| ${key} | ${name} | ${versions} | ${served} | ${compact} | ${asks.map(asked).join('; ')} |`;
    });
  return [
    '| key | API | advertised | served | flexible | asks |',
    '| --- | --- | --- | --- | --- | --- |',
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
