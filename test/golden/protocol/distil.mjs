/**
 * Writes definitions.jsonl from Apache Kafka's published message definitions: `npm run
 * golden:protocol -- FOLDER`, where FOLDER holds `messages` and `messages-3.9`; without it
 * `../shared/kafka-protocol`. With `-` behind FOLDER it writes to its output instead.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = ['messages', 'messages-3.9'];
const ON_THE_WIRE = ['name', 'type', 'nullableVersions', 'taggedVersions', 'tag', 'default'];

/** One line a message that brokers serve, unless the source before says the same. */
function distil(folder) {
  const lines = [];
  const last = new Map();
  for (const source of SOURCES) {
    for (const { name, apiKey, validVersions, flexibleVersions, ...rest } of served(folder, source)) {
      const said = JSON.stringify({ apiKey, validVersions, flexibleVersions, ...structs(rest) });
      if (last.get(name) === said) continue;
      last.set(name, said);
      lines.push(`{"name":"${name}","source":"${source}",${said.slice(1)}`);
    }
  }
  return `${lines.sort().join('\n')}\n`;
}

function served(folder, source) {
  const path = join(folder, source);
  const all = readdirSync(path).map((file) =>
    JSON.parse(readFileSync(join(path, file), 'utf8').replace(/^\s*\/\/.*$/gm, '')),
  );
  const isServed = ({ type, listeners = [] }) =>
    type === 'request' && listeners.includes('broker');
  const keys = new Set(all.filter(isServed).map(({ apiKey }) => apiKey));
  return all.filter(
    ({ type, apiKey, validVersions }) =>
      (type === 'request' || type === 'response') && keys.has(apiKey) && validVersions !== 'none',
  );
}

function structs({ fields, commonStructs }) {
  return { fields: fields.map(field), ...(commonStructs && { structs: commonStructs.map(field) }) };
}

function field(defined) {
  const kept = Object.fromEntries(
    ON_THE_WIRE.filter((key) => defined[key] !== undefined).map((key) => [key, defined[key]]),
  );
  const versions = defined.versions ?? defined.taggedVersions ?? '0+';
  if (versions !== '0+') kept.versions = versions;
  return defined.fields === undefined ? kept : { ...kept, fields: defined.fields.map(field) };
}

const golden = new URL('./definitions.jsonl', import.meta.url);
const shared = fileURLToPath(new URL('../../../../shared/kafka-protocol', import.meta.url));
const [, , folder = shared, to] = process.argv;
if (to === '-') process.stdout.write(distil(folder));
else writeFileSync(golden, distil(folder));
