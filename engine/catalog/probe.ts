/**
 * The program of a child process that tries a catalog after an unclean stop: `node probe.js <data file>` opens it as
 * the real owner would, reads every key and value, takes pages from the free list in a transaction that it aborts, and
 * exits with 0. Damage ends it with a signal, or with 3 and a line on stderr; the parent lives on.
 */
import { decodeKey } from './key-codec.js';
import { LOWEST_KEY, loadLmdb, openEnvironment } from './lmdb-environment.js';
import { unpackValue } from './value-codec.js';

const PROBE_KEY = Buffer.of(0xff);
const PROBE_VALUE_BYTES = 4096;

async function probe(path: string): Promise<void> {
  const { ABORT } = loadLmdb();
  const table = await openEnvironment(path);
  for (const { key, value } of table.getRange({ start: LOWEST_KEY })) {
    decodeKey(key);
    unpackValue(value);
  }
  table.transactionSync(() => {
    table.putSync(PROBE_KEY, Buffer.alloc(PROBE_VALUE_BYTES));
    return ABORT;
  });
  await table.close();
}

probe(process.argv[2] ?? '').then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(3);
  },
);
