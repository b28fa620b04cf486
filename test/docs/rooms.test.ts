import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pictureOf } from '../house/picture.js';
import { sourcesIn } from '../house/sources.js';

test('docs/rooms.svg is what "npm run docs:rooms" draws', () => {
  const drawn = pictureOf([...sourcesIn('engine'), ...sourcesIn('server')]);
  expect(readFileSync('docs/rooms.svg', 'utf8')).toBe(drawn);
});
