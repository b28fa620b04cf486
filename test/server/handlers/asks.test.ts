import { expect, test } from 'vitest';
import type { ServedApi } from '../../../server/handlers/handler.js';
import { SERVED } from '../../../server/handlers/index.js';

const asking = SERVED.map(({ api, asks }: ServedApi) => ({ name: api.name, asks }));

test('every API says what it asks of the authorizer, and one alone asks nothing', () => {
  expect(asking.filter(({ asks }) => asks === undefined)).toEqual([]);
  expect(asking.filter(({ asks }) => asks.length === 0)).toMatchObject([{ name: 'ApiVersions' }]);
});

test('an alternative is another right than the one that it stands for', () => {
  for (const { asks } of asking) {
    for (const { or, ...right } of asks) expect(or).not.toEqual(right);
  }
});
