import { baseOffset } from '../../../engine/batch/header.js';
import { EngineError } from '../../../engine/errors.js';
import { inspectIndex } from '../../../engine/inspect/index-inspection.js';
import { inspectLog } from '../../../engine/inspect/log-inspection.js';
import { continues } from '../../../engine/log/recovery/tail-evidence.js';
import { scanTail } from '../../../engine/log/recovery/tail-scan.js';
import { scrubSegment } from '../../../engine/maintenance/jobs/scrub.js';
import { ANY_ORDER } from '../../support/any-order.js';
import { SimDisk } from '../../support/sim-disk.js';
import { bytesFile } from '../lib/bytes-file.js';
import { TREATMENT, treatedLog, wholePrefix } from '../lib/log-bytes.js';
import { noise } from '../lib/mutate.js';
import { pipelined } from '../lib/pipelined.js';
import { orEngineError } from '../lib/refusal.js';
import { BrokenPromise, type Target } from '../lib/target.js';

const UNPACKABLE = ['CORRUPT_BATCH', 'BATCH_TOO_LARGE', 'UNKNOWN_CODEC'] as const;

/** What was whole stays, a cut is no damage, and changed bytes before good ones are. */
const tail = pipelined('log.tail', treatedLog, async (input) => {
  const bytes = input.subarray(1);
  let reached = 0;
  const scan = await scanTail(
    bytesFile(bytes),
    0,
    bytes.length,
    0,
    (from, at, expected) => continues(baseOffset(from, at), expected),
    (_bytes, _at, size) => {
      reached += size;
    },
  );
  if (scan.end !== reached || scan.end > bytes.length) throw new BrokenPromise('an end of nothing');
  if (scan.end < wholePrefix(bytes)) throw new BrokenPromise('whole batches were cut off');
  if (input[0] === TREATMENT.cut && scan.verdict === 'damaged') {
    throw new BrokenPromise('a log that was cut counts as damaged');
  }
  if (input[0] === TREATMENT.flipped && scan.verdict !== 'damaged') {
    throw new BrokenPromise(`a changed byte before whole batches counts as ${scan.verdict}`);
  }
});

const scrub = pipelined('log.scrub', treatedLog, async (input) => {
  const bytes = input.subarray(1);
  const disk = Object.assign(new SimDisk(), { open: async () => bytesFile(bytes) });
  const { bad } = await scrubSegment(disk, {
    ...ANY_ORDER,
    path: '/a',
    baseOffset: 0,
    endPosition: bytes.length,
  });
  const whole = wholePrefix(bytes);
  if (bad === null && input[0] === TREATMENT.flipped) {
    throw new BrokenPromise('a scrub passed over a changed byte');
  }
  if (bad !== null && bad.position < whole) throw new BrokenPromise('a scrub blames a whole batch');
});

/** `dump-log` of a file in any state. */
const inspect = pipelined('log.inspect', treatedLog, async (input) => {
  const bytes = input.subarray(1);
  let end = 0;
  for await (const found of inspectLog(bytesFile(bytes))) {
    if (found.position !== end) throw new BrokenPromise('bytes were passed over');
    end = found.position + found.size;
    if (found.kind === 'damage' || !found.crcMatches) continue;
    const records = await orEngineError(UNPACKABLE, found.records());
    if (records !== undefined) walk(records);
  }
  if (end !== bytes.length) throw new BrokenPromise(`${end} of ${bytes.length} bytes were shown`);
});

function walk(records: Iterable<unknown>): void {
  try {
    for (const _ of records);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
}

const inspectedIndex = pipelined(
  'index.inspect',
  (random) => noise(random, 120),
  async (bytes) => {
    for (const kind of ['index', 'timeindex'] as const) {
      const size = kind === 'index' ? 8 : 12;
      let entries = 0;
      for await (const _ of inspectIndex(bytesFile(bytes), kind)) entries++;
      if (entries > bytes.length / size) throw new BrokenPromise(`${entries} entries`);
    }
  },
);

export const LOG_TARGETS: readonly Target[] = [tail, scrub, inspect, inspectedIndex];
