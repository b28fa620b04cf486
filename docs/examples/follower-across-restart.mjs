// A follower across a restart: it keeps what it computes, and where it stands, in one file.
// Both move together, so that no record counts twice; a cursor alone would give one again.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { openEngine } from 'odradek/engine';

async function load() {
  try {
    return JSON.parse(await readFile('./totals.json', 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return { next: 0, totals: {} };
    throw error;
  }
}

async function count() {
  const engine = await openEngine('./data');
  const sales = await engine.log('sales', { valueEncoding: 'json' });
  await sales.append([{ value: { tea: 2 } }, { value: { tea: 1, cake: 1 } }]);
  const state = await load();
  const from = state.next;
  for await (const { offset, value } of sales.records({ from })) {
    for (const [what, n] of Object.entries(value)) {
      state.totals[what] = (state.totals[what] ?? 0) + n;
    }
    state.next = offset + 1;
  }
  await writeFile('./totals.json.new', JSON.stringify(state));
  await rename('./totals.json.new', './totals.json');
  console.log(`from ${from} to ${state.next}:`, JSON.stringify(state.totals));
  await engine.close();
}

await count();
await count();
