import { expect, test } from 'vitest';
import {
  DRIVER_DEFAULTS,
  driverArguments,
  parseDriverArguments,
} from '../../../bench/drivers/options.js';

test('what is written on the command line is read back', () => {
  const options = {
    ...DRIVER_DEFAULTS,
    port: 9,
    frames: '/f',
    requestsMax: 7,
    errorAt: 30,
    rate: 0.5,
  };
  expect(parseDriverArguments(driverArguments(options))).toEqual(options);
  expect(driverArguments({ requestsMax: 7, latencies: '' })).toEqual(['--requests-max', '7']);
});

test('an unknown option is refused', () => {
  expect(() => parseDriverArguments(['--ports', '1'])).toThrow(RangeError);
});
