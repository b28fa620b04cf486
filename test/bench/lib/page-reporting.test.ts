import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stopPageReporting } from '../../../bench/lib/page-reporting.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('what is off stays off, and a kernel without it is no fault', () => {
  const file = join(temporaryFolder(), 'order');
  expect(stopPageReporting(file)).toBe('not in this kernel');
  writeFileSync(file, '11\n');
  expect(stopPageReporting(file)).toBe('off already');
  writeFileSync(file, '0\n');
  expect(stopPageReporting(file)).toBe('switched off for the run');
});
