import { expect, test } from 'vitest';
import { ManualClock } from '../../../engine/manual-clock.js';
import { connectionLog } from '../../../server/broker/connection-log.js';
import type { Logger } from '../../../server/logging/log.js';

test('clients at the wrong port are one line each kind, and hide none about others', () => {
  const lines: string[] = [];
  const line = (_fields: object, message: string): void => void lines.push(message);
  const logger: Logger = { debug: line, info: line, warn: line, error: line };
  const { onClosed } = connectionLog(logger, new ManualClock());
  const connection = { remoteAddress: '10.0.0.1', listener: 'PLAINTEXT' };
  const close = (message: string, foreign?: string): void =>
    onClosed?.(connection as never, { code: 'framing', message, ...(foreign && { foreign }) });
  for (let round = 0; round < 100; round++) {
    close('HTTP', 'HTTP');
    close('TLS', 'TLS');
    close('a bad size');
  }
  expect(lines).toEqual(
    ['HTTP', 'TLS', 'a bad size'].map((each) => `a connection was closed: ${each}`),
  );
});
