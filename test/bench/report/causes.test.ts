import { expect, test } from 'vitest';
import { parseCauses } from '../../../bench/report/causes.js';

test('each section is one row, named by its heading', () => {
  const page =
    '# Title\n\nfor writers\n\n## `wire/a`\n\nIt copies.\n\n## empty\n\n## profile/fetch\n1. one\n2. two\n';
  expect([...parseCauses(page)]).toEqual([
    ['wire/a', 'It copies.'],
    ['profile/fetch', '1. one\n2. two'],
  ]);
});
