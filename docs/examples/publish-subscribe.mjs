// One publisher, many subscribers: each reads at its own pace, and late ones from the start.
// A subscriber waits for what comes next until it breaks out of its loop.
import { openEngine } from 'odradek/engine';

const engine = await openEngine('./data');
const news = await engine.log('news');

async function subscribe(name, from) {
  const seen = [];
  for await (const { value } of news.follow({ from })) {
    seen.push(String(value));
    if (seen.at(-1) === 'good night') break;
  }
  return `${name}: ${seen.join(', ')}`;
}

const subscribers = [subscribe('early', 'start'), subscribe('another', 'start')];
for (const value of ['rain', 'sun']) await news.append({ value });
subscribers.push(subscribe('late, from the start', 'start'), subscribe('late, from now', 'end'));
await news.append({ value: 'good night' });
for (const line of await Promise.all(subscribers)) console.log(line);
await engine.close();
