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

const POLICY = /\bconst ([A-Z][A-Z0-9_]*_(?:MAX|MIN|MS|SHARE|TURNS?|ATTEMPTS|COUNT)) =\s*([^;]+);/g;
/** What a format, an encoding, a system call or a unit of time says is no policy. */
const GIVEN = new Set([
  ...['BATCH_BYTES_MIN', 'BLOCK_BYTES_MAX', 'CATALOG_KEY_BYTES_MAX', 'DEPTH_MAX'],
  ...['EPOCH_MAX', 'HORIZON_MAX_MS'],
  ...['HOUR_MS', 'INDEX_BYTES_MIN', 'INT32_MAX', 'LENGTH_SIZE_MAX', 'MINUTE_MS', 'NAME_BYTES_MAX'],
  ...['PAGE_SIZE_MAX', 'PAGE_SIZE_MIN', 'PARTITION_MAX', 'REQUEST_BYTES_MIN', 'RESPONSE_BYTES_MIN'],
  ...['SIZE_MAX', 'SOCKET_PATH_BYTES_MAX', 'STRING_BYTES_MAX', 'TIMEOUT_MS_MAX', 'UNIT_MS'],
  ...['RECORD_BYTES_MIN', 'VARINT_GROWTH_MAX'],
]);

test('numbers of policy stand in the tables, not in the code that obeys them', () => {
  const found: string[] = [];
  for (const folder of ['engine', 'server']) {
    for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.ts') || /limits\.ts$|^protocol\//.test(entry)) continue;
      const source = readFileSync(join(folder, entry), 'utf8');
      for (const [, name = '', value = ''] of source.matchAll(POLICY)) {
        if (GIVEN.has(name) || /LIMITS|Infinity/.test(value)) continue;
        found.push(`${folder}/${entry}: ${name} = ${value}`);
      }
    }
  }
  expect(found).toEqual([]);
});
