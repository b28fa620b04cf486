import { expect, test } from 'vitest';
import { APIS } from '../../server/handlers/apis.js';
import { GROUP_ATTACKS } from './attacks/groups.js';
import { PRODUCER_ATTACKS } from './attacks/producers.js';
import { TOPIC_ATTACKS } from './attacks/topics.js';

test('every API has an attack, whose turns are counted', () => {
  const attacks = [...TOPIC_ATTACKS, ...GROUP_ATTACKS, ...PRODUCER_ATTACKS];
  const attacked = new Set<string>(attacks.map(({ api }) => api));
  expect(Object.keys(APIS).filter((name) => !attacked.has(name))).toEqual([]);
});
