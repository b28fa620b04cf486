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

/** What the server needs of the embedded log, and no program. */
const INTERNAL = ['asEvent', 'recordsOf', 'storedBatches'];

test('what the engine exports of its embedded log is public', () => {
  const namesOf = (path: string) =>
    [...readFileSync(path, 'utf8').matchAll(/export (?:type )?\{([^}]*)\} from '\.\/embedded\//g)]
      .flatMap(([, names]) => names!.split(','))
      .map((name) => name.replace(/^\s*type /, '').trim())
      .filter((name) => name !== '' && !INTERNAL.includes(name))
      .sort();
  expect(namesOf('engine/public.ts')).toEqual(namesOf('engine/index.ts'));
});
