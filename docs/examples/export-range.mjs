// A range as a file of JSON lines: from a moment to the end that the log has now.
// Records that are appended meanwhile belong to the next export.
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { openEngine } from 'odradek/engine';

const engine = await openEngine('./data');
const visits = await engine.log('visits', { valueEncoding: 'json' });
for (const day of ['2026-01-01', '2026-01-02', '2026-01-03']) {
  await visits.append({ key: day, value: { page: '/' }, timestamp: `${day}T12:00:00Z` });
}

async function* lines(range) {
  for await (const { offset, timestamp, key, value } of visits.records(range)) {
    yield `${JSON.stringify({ offset, timestamp, key: String(key), value })}\n`;
  }
}

await pipeline(lines({ from: '2026-01-02' }), createWriteStream('visits.jsonl'));
const newest = await visits.last();
console.log('exported from 2026-01-02; the newest is of', String(newest.key));
await engine.close();
