// Appends until it is killed, or has sent enough to be killed in the middle of: node appender.mjs
// DIRECTORY FLUSH SEED FIRST_NUMBER One line on stdout per acknowledgement: partition, base offset,
// count, number.
import { buildBatchSync } from '../../../dist/engine/batch/builder.js';
import { DEFAULT_LOG_SETTINGS, openEngine, seededRandom } from '../../../dist/engine/index.js';

const PARTITIONS = 4;
const IN_FLIGHT_PER_PARTITION = 4;
/**
 * Without syncs to wait for it would otherwise send more than its parent can read before the kill.
 */
const BATCHES_MAX = 5000;

const [directory, flush, seed, firstNumber] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const engine = await openEngine(directory, { descriptorsOpenMax: 3 });
const settings = {
  ...DEFAULT_LOG_SETTINGS,
  flush,
  segmentBytes: 64 * 1024,
  indexIntervalBytes: 512,
};
let number = Number(firstNumber);

async function keepAppending(log, partition) {
  while (number < Number(firstNumber) + BATCHES_MAX) {
    const mine = number++;
    const count = 1 + Math.floor(random.next() * 3);
    const bytes = Math.floor(random.next() ** 3 * 8000);
    const records = Array.from({ length: count }, (_, at) => ({
      key: null,
      value: `${partition}/${mine}/${at}/${'x'.repeat(bytes)}`,
      timestamp: Date.now(),
    }));
    const { baseOffset } = await log.append(buildBatchSync(records));
    process.stdout.write(`${partition} ${baseOffset} ${count} ${mine}\n`);
  }
}

// It stays until it is killed.
setInterval(() => {}, 2 ** 30);
for (let partition = 0; partition < PARTITIONS; partition++) {
  const name = { topic: 'events', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition };
  const log = await engine.openPartition(name, settings);
  for (let at = 0; at < IN_FLIGHT_PER_PARTITION; at++) void keepAppending(log, partition);
}
