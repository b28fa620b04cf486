import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/**
 * A new empty folder, absolute and without links in its path, removed when the running test ends.
 */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'odradek-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
