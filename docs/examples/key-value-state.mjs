// Key-value state: a table shows the last value of each key of a compacted log, after a restart too.
// A deletion is a record as well; compaction drops what was overwritten.
import { openEngine } from 'odradek/engine';

let engine = await openEngine('./data');
let settings = await engine.table('settings', { valueEncoding: 'json' });
for (let n = 1; n <= 3; n++) await settings.set('theme', { dark: n % 2 === 1, n });
await settings.set('language', 'la');
await settings.delete('language');
await engine.close();

engine = await openEngine('./data');
settings = await engine.table('settings', { valueEncoding: 'json' });
console.log(settings.size, settings.get('theme'), settings.get('language'));
await engine.close();
