import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../engine/index.js';
import { createLogger, type LoggerOptions } from '../../../server/logging/log.js';

function collected(options: LoggerOptions = {}) {
  const lines: string[] = [];
  const stream = {
    write: (line: string) => {
      lines.push(line);
    },
  };
  return { lines, logger: createLogger({ format: 'json', stream, ...options }) };
}

describe('createLogger', () => {
  test('writes one line of JSON a call, with level, time, fields and message', () => {
    const { lines, logger } = collected();
    logger.warn({ topic: 'raw', partition: 3, size: 5n }, 'something happened');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      topic: 'raw',
      partition: 3,
      size: '5',
      msg: 'something happened',
    });
  });

  test('leaves out lines below its level', () => {
    const { lines, logger } = collected({ level: 'warn' });
    logger.debug({}, 'a');
    logger.info({}, 'b');
    logger.error({}, 'c');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['c']);
  });

  test('asks for room before a line that is written, and only then', () => {
    const { lines, logger } = collected({
      level: 'warn',
      beforeLine: () => void lines.push('room'),
    });
    logger.info({}, 'a');
    logger.warn({}, 'b');
    expect(lines.map((line) => (line === 'room' ? line : JSON.parse(line).msg))).toEqual([
      'room',
      'b',
    ]);
  });

  test('writes for people in the pretty form, with nothing that a terminal would act on', () => {
    const { lines, logger } = collected({ format: 'pretty' });
    const evil = 'x\u001b[2J\nERROR: forged';
    logger.info({ clientId: evil, nested: { list: [evil] }, [evil]: Buffer.from(evil) }, evil);
    const text = lines.join('');
    expect(text).toContain('INFO');
    expect(text).toContain('x\\x1b[2J');
    expect(text).not.toContain('\u001b');
    expect(text).not.toMatch(/^ERROR/m);
  });

  test('shows an error with code, stack and cause, and no forged line in its message', () => {
    const { lines, logger } = collected();
    const cause = Object.assign(new Error('disk'), { code: 'EIO' });
    logger.error({ err: new Error('bad\n    at forged', { cause }) }, 'failed');
    const { err } = JSON.parse(lines[0] ?? '');
    expect(err).toMatchObject({ type: 'Error', message: 'bad\\n    at forged' });
    expect(err.cause).toMatchObject({ message: 'disk', code: 'EIO' });
    expect(err.stack.split('\n')[0]).toBe('Error: bad\\n    at forged');
    expect(err.stack).toContain('log.test.ts');
  });

  test('shows no stack of an outcome that has a code, and that of a wrong call', () => {
    const { lines, logger } = collected();
    const cause = Object.assign(new Error('disk'), { code: 'EIO' });
    logger.error(
      {
        expected: new EngineError('DAMAGED_LOG', 'damaged', { cause }),
        defect: Object.assign(new TypeError('bad'), { code: 'ERR_INVALID_ARG_TYPE' }),
      },
      'failed',
    );
    const { expected, defect } = JSON.parse(lines[0] ?? '');
    expect(expected).toEqual({
      type: 'EngineError',
      message: 'damaged',
      code: 'DAMAGED_LOG',
      cause: { type: 'Error', message: 'disk', code: 'EIO' },
    });
    expect(defect.stack).toContain('log.test.ts');
  });

  test('stays finite for fields that refer to themselves or are huge', () => {
    const { lines, logger } = collected();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    logger.info({ circle, many: new Array(1e6).fill(1), long: 'x'.repeat(1e6) }, 'm'.repeat(1e6));
    expect(lines[0]?.length).toBeLessThan(10_000);
  });

  test('loads its library by the first line that is written, or when it is told to, and once', () => {
    let loads = 0;
    const loadPino = () => {
      loads++;
      return pino;
    };
    const { lines, logger } = collected({ loadPino });
    logger.debug({}, 'below the level');
    expect(loads).toBe(0);
    logger.load();
    logger.info({}, 'a');
    logger.info({}, 'b');
    expect([loads, lines.length]).toEqual([1, 2]);
  });

  test('writes its line also where the library cannot be loaded', () => {
    const loadPino = (): never => {
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    };
    const { lines, logger } = collected({ loadPino });
    logger.load();
    logger.error({ code: 'EMFILE' }, 'cannot accept');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'error',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      code: 'EMFILE',
      msg: 'cannot accept',
    });
  });
});
