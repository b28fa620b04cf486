/**
 * Writes docs/limits.md from the tables of limits, their values and the comments of their rows:
 * `npm run docs:limits`. With --check it writes nothing, and ends with 1 when the page is not
 * current.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { LIMITS } from '../dist/engine/limits.js';
import { CLI_LIMITS } from '../dist/server/cli/limits.js';
import { SERVER_LIMITS } from '../dist/server/limits.js';

const PAGE = new URL('./limits.md', import.meta.url);
const TABLES = [
  ['The broker', 'server/limits.ts', SERVER_LIMITS],
  ['The engine', 'engine/limits.ts', LIMITS],
  ['The command', 'server/cli/limits.ts', CLI_LIMITS],
];
const SECTION = String.raw`\/\/ ## (?<section>.*)`;
const ROW = String.raw`\/\*\*(?<comment>(?:(?!\*\/)[^])*)\*\/\s*(?<name>\w+):`;

/** The sections of one table, each with its rows, as they stand in the source. */
function sectionsOf(path, values) {
  const source = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
  const table = source.slice(source.search(/export const \w*LIMITS = {/));
  const sections = [];
  const named = new Set();
  for (const { groups } of table.matchAll(new RegExp(`${SECTION}|${ROW}`, 'g'))) {
    const { section, comment, name } = groups;
    if (section !== undefined) sections.push({ section, rows: [] });
    else if (name in values) {
      sections.at(-1).rows.push({ name, value: values[name], ...partsOf(comment) });
      named.add(name);
    }
  }
  const missing = Object.keys(values).filter((name) => !named.has(name));
  if (missing.length > 0) throw new Error(`${path}: no comment above ${missing.join(', ')}`);
  return sections;
}

/** What a comment says: the bound, Kafka's name for it, and what happens beyond it. */
function partsOf(comment) {
  const text = comment.replaceAll(/\s*\n\s*\*?\s*/g, ' ').trim();
  const [, what, kafka = '', beyond = ''] =
    /^(.*?)(?:\s*Kafka: (.*?)\.)?(?:\s*Beyond: (.*))?$/.exec(text) ?? [];
  return { what, kafka, beyond };
}

/** With its unit, which is the end of its name. */
function shown(name, value) {
  if (/bytes/i.test(name)) return sized(value);
  if (/Ms(?:Max)?$/.test(name)) return timed(value);
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

function sized(bytes) {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ]) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return `${bytes.toLocaleString('en-US')} bytes`;
}

function timed(ms) {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ]) {
    if (ms >= size && ms % size === 0) return `${ms / size} ${unit}`;
  }
  return `${ms} ms`;
}

function tableOf({ rows }) {
  const cells = rows.map(({ name, value, what, kafka, beyond }) =>
    [`\`${name}\``, shown(name, value), kafka, what, beyond].join(' | '),
  );
  return [
    '| limit | default | in Kafka | what it bounds | beyond it |',
    '| --- | --- | --- | --- | --- |',
    ...cells.map((row) => `| ${row} |`),
  ].join('\n');
}

const parts = TABLES.map(([title, path, values]) => {
  const sections = sectionsOf(path, values).map(
    (each) => `### ${each.section}\n\n${tableOf(each)}`,
  );
  return `## ${title}\n\nFrom \`${path}\`.\n\n${sections.join('\n\n')}`;
});

const current = `# Limits

<!-- This page is made by npm run docs:limits: change the tables in the sources. -->

Every bound and every number of policy, with its default. No default refuses honest use, by which is meant up to 100,000
partitions (\`partitionsMax\` lets twice as many in), 10,000 groups, 1,000 members a group, 10,000 topics in a request,
a log of 10 TB in segments of 64 MB ([what it costs](scale.md#many-segments)): those cost time in slices of the event loop, between which others are served.
What lies beyond a bound gets a clear error, or waits.

Rows can be set where *in Kafka* names a setting of a broker: \`max.connections\`, \`max.connections.per.ip\`,
\`connections.max.idle.ms\`, \`socket.request.max.bytes\`, \`queued.max.request.bytes\` and \`group.max.size\`
([settings](settings.md)). All others are fixed: there Kafka's name, where there is one, is that of the number that this one
is like. The size of a record batch, \`message.max.bytes\` (of a topic \`max.message.bytes\`), and what else is a setting
of topics, are no rows of this page.

${parts.join('\n\n')}
`;

if (process.argv.includes('--check')) {
  let page = '';
  try {
    page = readFileSync(PAGE, 'utf8');
  } catch {}
  if (current !== page) {
    process.stderr.write('docs/limits.md is not current: run npm run docs:limits\n');
    process.exitCode = 1;
  }
} else writeFileSync(PAGE, current);
