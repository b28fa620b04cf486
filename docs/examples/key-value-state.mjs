// Key-value state: a compacted log holds the last value of each key, and a Map is filled from it.
// A null value deletes its key; compaction drops what was overwritten.
import { openEngine } from 'odradek/engine';

async function openState(engine) {
  const log = await engine.log('settings', { compacted: true });
  const state = new Map();
  for await (const { key, value } of log.records()) {
    if (value === null) state.delete(String(key));
    else state.set(String(key), JSON.parse(value));
  }
  return {
    get: (key) => state.get(key),
    size: () => state.size,
    async set(key, value) {
      await log.append({ key, value: JSON.stringify(value) });
      state.set(key, value);
    },
    async delete(key) {
      await log.append({ key, value: null });
      state.delete(key);
    },
  };
}

let engine = await openEngine('./data');
let state = await openState(engine);
for (let n = 1; n <= 3; n++) await state.set('theme', { dark: n % 2 === 1, n });
await state.set('language', 'la');
await state.delete('language');
await engine.close();

engine = await openEngine('./data');
state = await openState(engine);
console.log(state.size(), state.get('theme'), state.get('language'));
await engine.close();
