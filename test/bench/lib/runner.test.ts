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
