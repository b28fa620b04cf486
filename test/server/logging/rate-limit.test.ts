import { describe, expect, test } from 'vitest';
import type { LogFields, Logger } from '../../../server/logging/log.js';
import { rateLimited } from '../../../server/logging/rate-limit.js';

function setup(keysMax = 1000) {
  const written: [level: string, fields: LogFields, message: string][] = [];
  const writer = (level: string) => (fields: LogFields, message: string) => {
    written.push([level, fields, message]);
  };
  const logger: Logger = {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
  };
  const clock = { nowMs: 0, monotonicMs: () => clock.nowMs };
  return { written, clock, limited: rateLimited(logger, { clock, intervalMs: 1000, keysMax }) };
}

describe('rateLimited', () => {
  test('writes the first line of an interval and counts the others on the next', () => {
    const { written, clock, limited } = setup();
    for (let count = 0; count < 5; count++) limited.log('warn', 'bad frame', { count }, 'bad');
    clock.nowMs = 999;
    limited.log('warn', 'bad frame', {}, 'bad');
    clock.nowMs = 1000;
    limited.log('warn', 'bad frame', { count: 6 }, 'bad');
    clock.nowMs = 2000;
    limited.log('warn', 'bad frame', { count: 7 }, 'bad');
    expect(written).toEqual([
      ['warn', { count: 0 }, 'bad'],
      ['warn', { count: 6, suppressed: 5 }, 'bad'],
      ['warn', { count: 7 }, 'bad'],
    ]);
  });

  test('counts keys and levels apart', () => {
    const { written, limited } = setup();
    limited.log('warn', 'a', {}, 'a');
    limited.log('warn', 'b', {}, 'b');
    limited.log('error', 'a', {}, 'c');
    limited.log('warn', 'a', {}, 'd');
    expect(written.map(([, , message]) => message)).toEqual(['a', 'b', 'c']);
  });

  test('remembers no more keys than it may, the oldest going first', () => {
    const { written, limited } = setup(2);
    for (const key of ['a', 'b', 'c', 'c', 'a']) limited.log('info', key, {}, key);
    expect(written.map(([, , message]) => message)).toEqual(['a', 'b', 'c', 'a']);
  });
});
