import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LIMITS } from '../../engine/limits.js';
import { CLI_LIMITS } from '../../server/cli/limits.js';
import { SERVER_LIMITS } from '../../server/limits.js';

const PAGE = readFileSync('docs/limits.md', 'utf8');

test('docs/limits.md says what the tables of limits say', () => {
  const { status, stderr } = spawnSync('node', ['docs/limits.mjs', '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('the page says of every bound that is inclusive what happens beyond it', () => {
  const names = [LIMITS, SERVER_LIMITS, CLI_LIMITS].flatMap((table) => Object.keys(table));
  const silent = names.filter((name) => {
    const row = PAGE.split('\n').find((line) => line.startsWith(`| \`${name}\``));
    const beyond = row?.split('|').at(-2)?.trim() ?? '';
    return name.endsWith('Max') && beyond === '';
  });
  expect(silent).toEqual([]);
});

/** A constant of a file that is a number, or a product of numbers and other constants. */
const NUMBER =
  /^(?:export )?const (\w+)(?:: number)? =\s*([-(]?\d[^;]*|[A-Z][A-Z0-9_]* [-*/+] [^;]*);/gm;
/** Where something stands in a format, which bit, which unit of time. */
const PLACE = /_(?:AT|BIT|MASK|TAG|VERSION|MAGIC|EPOCH)$|^(?:MINUTE|HOUR)_MS$/;
/** What a format, a system call, a type of number or a published protocol says is no policy. */
const GIVEN = new Set([
  // Record batches, their encodings and codecs.
  ...['BATCH_BYTES_MIN', 'BATCH_HEADER_BYTES', 'BATCH_PREFIX_BYTES', 'BLOCK_BYTES_MAX'],
  ...['BLOCK_HEADER_SIZE', 'CHECKSUM_BYTES', 'COMPRESSED_BLOCK', 'GZIP_DEFAULT_LEVEL'],
  ...['HEADER_SIZE', 'HIGHEST_CODEC_ID', 'HIGHEST_EXPANSION', 'LENGTH_SIZE_MAX', 'MAGIC_V2'],
  ...['MAX_VARINT_BYTES', 'MAX_VARLONG_BYTES', 'PREFIX_SIZE', 'RAW_BLOCK', 'RECORD_BYTES_MIN'],
  ...['RLE_BLOCK', 'SHORTEST_MATCH', 'SMALLEST_HEADER_SIZE', 'STRIPE_BYTES'],
  ...['VARINT_GROWTH_MAX', 'XERIAL_BLOCK_BYTES', 'ZSTD'],
  // Files: segments, indexes, catalogs, names.
  ...['BRANCH', 'CATALOG_FORMAT', 'CATALOG_KEY_BYTES_MAX', 'COMMIT', 'DEPTH_MAX'],
  ...['GENERATION_DIGITS', 'HASH_WORDS', 'HEAD_BYTES', 'INDEX_BYTES_MIN', 'INDEX_ENTRY_BYTES'],
  ...['KEY_MAP_ENTRY_BYTES', 'LEAF', 'MARKER_KEY_BYTES', 'META_END', 'NAME_BYTES_MAX'],
  ...['NODE_HEADER_BYTES', 'NUMBERS_PER_BATCH', 'NUMBERS_PER_ENTRY', 'NUMBERS_PER_RANGE'],
  ...['OFFSET_ENTRY_BYTES', 'OFFSET_INDEX_ENTRY_SIZE', 'ON_OVERFLOW_PAGES', 'OVERFLOW'],
  ...['OVERFLOW_POINTER_BYTES', 'PAGE_HEADER_BYTES', 'PAGE_SIZE_MAX', 'PAGE_SIZE_MIN'],
  ...['SEAL_BYTES', 'START_BYTES', 'TIMESTAMP_SIZE', 'TIME_ENTRY_BYTES', 'TIME_INDEX_ENTRY_SIZE'],
  // Places in one array of numbers, and a place that is none.
  ...['FROM', 'NOTED', 'NOWHERE', 'TO', 'TRAFFIC'],
  // System calls.
  ...['LOCK_EX_NB', 'POSIX_FADV_SEQUENTIAL', 'RWF_NOWAIT', 'SOCKET_PATH_BYTES_MAX', 'STDERR'],
  ...['SYNC_FILE_RANGE_WRITE', 'SYS_CACHESTAT'],
  // Kafka's protocol, its records and its defaults.
  ...['BROKERS', 'BROKER_DEFAULT', 'BROKER_RESOURCE', 'CONTROLLERS', 'DEFAULT_PORT', 'EARLIEST'],
  ...['FRAME_PREFIX_BYTES', 'GROUP', 'LATEST', 'NO_SESSION', 'OFFSET_VALUE_VERSION_WITH_EXPIRY'],
  ...['PREFERRED', 'REQUEST_BYTES_MIN', 'RESPONSE_BYTES_MIN', 'SOURCE_TOPIC', 'STRING_BYTES_MAX'],
  ...['TOPIC_RESOURCE', 'TRANSACTION', 'UNCLEAN', 'USUAL_PARTITIONS', 'VERSION'],
]);

test('numbers of policy stand in the tables, not in the code that obeys them', () => {
  const found: string[] = [];
  for (const folder of ['engine', 'server']) {
    for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts') || /limits\.ts$|^protocol\//.test(entry)) continue;
      const source = readFileSync(join(folder, entry), 'utf8');
      for (const [, name = '', value = ''] of source.matchAll(NUMBER)) {
        if (
          GIVEN.has(name) ||
          PLACE.test(name) ||
          /LIMITS|^0x|^1 <<|^2 \*\* \d+(?: - 1)?$/.test(value)
        )
          continue;
        found.push(`${folder}/${entry}: ${name} = ${value}`);
      }
    }
  }
  expect(found).toEqual([]);
});
