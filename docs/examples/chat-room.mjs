// A chat room: who comes in gets the last words that were said, then what is said from now on.
// A signal ends one member; the others stay.
import { openEngine } from 'odradek/engine';

const engine = await openEngine('./data');
const room = await engine.log('room', { valueEncoding: 'json' });
const say = (who, text) => room.append({ key: who, value: { text } });

function enter(who, history = 2) {
  const leaving = new AbortController();
  const heard = [];
  const from = Math.max(room.startOffset, room.endOffset - history);
  const listening = (async () => {
    for await (const { key, value } of room.follow({ from, signal: leaving.signal })) {
      heard.push(`${key}: ${value.text}`);
    }
  })().catch((error) => {
    if (error.name !== 'AbortError') throw error;
  });
  return {
    async leave(words) {
      while (heard.length < words) await new Promise(setImmediate);
      leaving.abort();
      await listening;
      console.log(`${who} heard`, heard);
    },
  };
}

await say('ann', 'is anybody here?');
await say('ann', 'hello?');
await say('ann', 'well');
const bob = enter('bob');
await say('bob', 'I am');
await bob.leave(3);
await engine.close();
