import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SMOKE } from '../../../bench/lib/context.js';
import { skipped } from '../../../bench/lib/outcome.js';
import { type RowPlan, runRows } from '../../../bench/lib/runner.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function plan(id: string, run: RowPlan['run']): RowPlan {
  return { id, title: id, conditions: {}, run };
}

const figures = { sides: [{ name: 'a', samples: [{ p50Us: 1 }] }] };

test('a row that fails does not stop the others, and what rows started ends, last first', async () => {
  const runFolder = temporaryFolder();
  const ended: string[] = [];
  let rowFolder = '';
  const rows = await runRows(
    [
      plan('fails', async (context) => {
        rowFolder = context.newFolder('data');
        context.defer(async () => void ended.push('first started'));
        context.defer(async () => void ended.push('last started'));
        throw new Error('the broker ended');
      }),
      plan('is skipped', async () => {
        expect(existsSync(rowFolder)).toBe(false);
        throw skipped('java is missing');
      }),
      plan('works', async () => figures),
      plan('leaves something behind', async (context) => {
        context.defer(async () => {
          throw new Error('it does not end');
        });
        return figures;
      }),
    ],
    { runFolder, scale: SMOKE, say: () => {}, onRow: () => {} },
  );
  expect(ended).toEqual(['last started', 'first started']);
  expect(rows.map(({ status }) => status)).toEqual(['void', 'skipped', 'measured', 'void']);
  expect(rows[3]).toMatchObject({ reason: 'it does not end' });
  expect(readdirSync(runFolder)).toEqual([]);
});

test('rows share what is warm until one is void or one does not share', async () => {
  const log: string[] = [];
  const share = (id: string, key: string, isVoid = false): RowPlan => ({
    ...plan(id, async (context) => {
      await context.take(key, async (shared) => {
        log.push(`start ${key}`);
        shared.defer(async () => void log.push(`end ${key}`));
      });
      log.push(id);
      if (isVoid) throw new Error('refused');
      return figures;
    }),
    shares: true,
  });
  const alone = plan('alone', async () => {
    log.push('alone');
    return figures;
  });
  await runRows([share('1', 'a'), share('2', 'a'), share('3', 'b', true), share('4', 'b'), alone], {
    runFolder: temporaryFolder(),
    scale: SMOKE,
    say: () => {},
    onRow: () => {},
  });
  expect(log.join(', ')).toBe('start a, 1, 2, end a, start b, 3, end b, start b, 4, end b, alone');
});
