import { expect, test } from 'vitest';
import { temporaryCatalogs } from '../../../server/double/temporary-catalogs.js';

test('a catalog that is opened again has what it had, and brokers share none', async () => {
  const open = temporaryCatalogs();
  const options = {} as Parameters<typeof open>[1];
  const first = await open('/data/a', options);
  await first.write([{ key: ['k'], value: 'v' }]);
  await first.close();
  expect((await open('/data/a', options)).get(['k'])).toBe('v');
  expect((await open('/data/b', options)).get(['k'])).toBeUndefined();
  expect((await temporaryCatalogs()('/data/a', options)).get(['k'])).toBeUndefined();
});
