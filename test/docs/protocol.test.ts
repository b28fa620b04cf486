import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('docs/protocol.md has the table that the message tables say', () => {
  const { status, stderr } = spawnSync('node', ['docs/protocol.mjs', '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
