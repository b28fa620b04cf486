import { expect, test } from 'vitest';

import { assertLimits, SERVER_LIMITS } from '../../server/limits.js';

test('a table of limits that contradicts itself is refused', () => {
  expect(() => assertLimits(SERVER_LIMITS)).not.toThrow();
  expect(() => assertLimits({ ...SERVER_LIMITS, connectionsMax: 0 })).toThrow('connectionsMax');
  expect(() => assertLimits({ ...SERVER_LIMITS, bytesInFlightMax: 1000 })).toThrow(
    'bytesInFlightPerConnection is at most bytesInFlightMax',
  );
  expect(() => assertLimits({ ...SERVER_LIMITS, requestBytesMax: 2 ** 31 })).toThrow('int32');
});
