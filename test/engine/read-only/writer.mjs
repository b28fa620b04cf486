// Appends 0, 1, 2 … to the log 'events' of a directory, each as the value of its offset; says how
// far it has come, and deletes what it is told was read.
import { openEngine } from '../../../dist/esm/engine.js';

const engine = await openEngine(process.argv[2]);
const log = await engine.log('events', {
  segmentBytes: 3000,
  fileDeleteDelayMs: 0,
  valueEncoding: 'utf8',
});
// Below it nothing is needed any more.
let read = 0;
process.on('message', (offset) => {
  read = offset;
});
for (;;) {
  const { endOffset } = log;
  const count = 1 + (endOffset % 7);
  const records = Array.from({ length: count }, (_, at) => ({
    key: 'k',
    value: `${endOffset + at}`,
  }));
  await log.append(records);
  if (endOffset % 40 < count) await log.deleteBefore(Math.min(read, log.endOffset));
  process.send(log.endOffset);
}
