import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('docs/api.md has every public name, and no other', () => {
  const { status, stderr } = spawnSync('node', ['docs/api.mjs', '--check'], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(readFileSync('docs/api.md', 'utf8')).toContain('### `openEngine`');
});

test('the doors have at run time what their types say, and nothing beside', async () => {
  const page = readFileSync('docs/api.md', 'utf8').split(/^## `/m).slice(1);
  for (const [at, door] of ['odradek', 'odradek/engine'].entries()) {
    const values = [...page[at]!.matchAll(/^### `(.*)`\n\nA (?:function|class|constant)\./gm)];
    const given = Object.keys((await import(door)) as object);
    // A class may be there as a type only.
    expect(values.map(([, name]) => name)).toEqual(expect.arrayContaining(given));
  }
});

test('of the embedded log all is public but what the server needs of it', () => {
  const index = readFileSync('engine/index.ts', 'utf8');
  const names = [...index.matchAll(/export (?:type )?\{([^}]*)\} from '\.\/embedded\//g)];
  expect(names.map(([, list]) => list!.trim())).toEqual([
    'isSignal',
    'asEvent',
    'recordsOf',
    'storedBatches',
  ]);
});
