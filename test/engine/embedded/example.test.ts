import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import * as engine from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const AsyncFunction = (async () => {}).constructor as new (
  ...parametersAndBody: string[]
) => (...values: unknown[]) => Promise<void>;

test('the program in docs/embedding.md does what it says', async () => {
  const page = readFileSync(new URL('../../../docs/embedding.md', import.meta.url), 'utf8');
  const [, program] = /```js\n(.*?)```/s.exec(page)!;
  const body = program!.replace(
    /^import (\{.*\}) from '(.*)';$/gm,
    (_, names, module) => `const ${names} = await load('${module}');`,
  );
  const root = temporaryFolder();
  const lines = Array.from({ length: 3000 }, (_, at) => JSON.stringify({ path: `p${at % 7}`, at }));
  writeFileSync(join(root, 'lines.gz'), gzipSync(`${lines.join('\n')}\n`));
  const printed: string[] = [];
  const run = new AsyncFunction('process', 'console', 'load', body);
  await run(
    { argv: ['', '', join(root, 'lines.gz'), join(root, 'data')] },
    { log: (line: string) => printed.push(line) },
    (module: string) => (module === 'odradek/engine' ? engine : import(module)),
  );
  expect(printed).toEqual(['3000 lines, the same']);
});
