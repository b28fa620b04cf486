// node many-segments.mjs DIRECTORY fill COUNT: appends a segment at a time, then is killed. node
// many-segments.mjs DIRECTORY open: prints the log's end.
import { buildBatchSync } from '../../../dist/engine/batch/builder.js';
import { DEFAULT_LOG_SETTINGS, openEngine } from '../../../dist/engine/index.js';

const [directory, what, count] = process.argv.slice(2);
const engine = await openEngine(directory);
const name = { topic: 'events', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 0 };
const settings = { ...DEFAULT_LOG_SETTINGS, flush: 'os', segmentBytes: 1000 };
const log = await engine.openPartition(name, settings);
if (what === 'fill') {
  for (let at = 0; at < Number(count); at++) {
    await log.append(
      buildBatchSync([{ key: null, value: 'x'.repeat(900), timestamp: Date.now() }]),
    );
  }
  process.kill(process.pid, 'SIGKILL');
} else {
  process.stdout.write(`${log.logEndOffset}\n`);
  await engine.close();
}
