import { expect, test } from 'vitest';
import { foreignProtocol } from '../../../../server/net/receiving/foreign-protocol.js';
import { FramingError } from '../../../../server/net/receiving/framing.js';

const sizeOf = (bytes: string): number => Buffer.from(bytes, 'latin1').readInt32BE();

test.each([
  ['GET / HTTP/1.1\r\n', 'HTTP'],
  ['POST /topics HTTP/1.1\r\n', 'HTTP'],
  ['PRI * HTTP/2.0\r\n', 'HTTP'],
  ['SSH-2.0-OpenSSH', 'SSH'],
  ['\x16\x03\x01\x02\x00', 'TLS'],
  ['\x16\x03\x03\x00\xff', 'TLS'],
  ['\x00\x00\x00\x10', null],
  ['\xff\xff\xff\xff', null],
  ['get ', null],
])('a stream that begins with %j is %s', (bytes, protocol) => {
  expect(foreignProtocol(sizeOf(bytes))).toBe(protocol);
});

test('the error of a frame says what came, and what to do', () => {
  expect(new FramingError(sizeOf('GET '), 8, 100)).toMatchObject({
    foreign: 'HTTP',
    message:
      "frame size 1195725856 is outside 8 to 100; this is HTTP: the port speaks Kafka's protocol alone",
  });
  expect(new FramingError(sizeOf('\x16\x03\x01\x02'), 8, 100).message).toContain(
    'this is TLS: the listener is PLAINTEXT, so set security.protocol=PLAINTEXT in the client',
  );
  expect(new FramingError(7, 8, 100)).toMatchObject({ foreign: null });
});
