import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { APIS, lookupApi } from '../../../server/handlers/apis.js';
import type { Api } from '../../../server/protocol/api.js';
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../../server/protocol/frame.js';
import { ProtocolError } from '../../../server/protocol/protocol-error.js';
import { Reader } from '../../../server/protocol/reader.js';
import { ZERO_UUID } from '../../../server/protocol/schema.js';
import type { Part } from '../../../server/protocol/writer.js';
import { often } from '../../support/often.js';
import { valuesOf } from './table-arbitrary.js';

const apis: readonly Api[] = Object.values(APIS);
const cases = apis.flatMap((api) =>
  Array.from({ length: api.max - api.min + 1 }, (_, i) => ({
    api,
    version: api.min + i,
    name: `${api.name} v${api.min + i}`,
  })),
);

describe.each(cases)('$name', ({ api, version }) => {
  const requests = valuesOf(api.request, version);

  test('a request decodes to what was encoded', () => {
    const clientIds = fc.option(fc.string({ maxLength: 40 }));
    fc.assert(
      fc.property(fc.integer(), clientIds, requests, (correlationId, clientId, body) => {
        const frame = request(api, version, correlationId, clientId, body);
        expect(decodeRequest(frame, lookupApi)).toEqual({
          api,
          apiVersion: version,
          correlationId,
          clientId,
          elements: expect.any(Number),
          body,
        });
      }),
      { numRuns: often(5, 20) },
    );
  });

  test('a response decodes to what was encoded, and fills its frame', () => {
    fc.assert(
      fc.property(fc.integer(), valuesOf(api.response, version), (correlationId, body) => {
        const frame = joined(encodeResponse(api, version, correlationId, body));
        expect(frame.readInt32BE(0)).toBe(frame.length - 4);
        expect(decodeResponse(api, version, frame.subarray(4))).toEqual({ correlationId, body });
      }),
      { numRuns: often(5, 20) },
    );
  });

  test('a request cut short at any byte is a protocol error', () => {
    fc.assert(
      fc.property(requests, fc.nat(), (body, cut) => {
        const frame = request(api, version, 1, 'client', body);
        expect(() => decodeRequest(frame.subarray(0, cut % frame.length), lookupApi)).toThrow(
          ProtocolError,
        );
      }),
      { numRuns: often(8, 40) },
    );
    const [body] = fc.sample(requests, { numRuns: 1, seed: version });
    const frame = request(api, version, 1, 'client', body!).subarray(0, 2000);
    for (let size = 0; size < frame.length; size += often(7, 1)) {
      expect(() => decodeRequest(frame.subarray(0, size), lookupApi)).toThrow(ProtocolError);
    }
  });

  test('changed bytes are read as something no larger than the frame, or are a protocol error', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(requests, edits, (body, changes) => {
        const frame = Buffer.from(request(api, version, 1, 'client', body));
        // The first four bytes choose the table; behind them everything may change.
        for (const [at, byte] of changes) frame[4 + (at % (frame.length - 4))] = byte;
        expectBounded(frame);
      }),
      { numRuns: often(8, 40) },
    );
  });

  test('random bytes behind the header are read as something no larger, or are a protocol error', () => {
    const start = Buffer.alloc(10);
    start.writeInt16BE(api.key, 0);
    start.writeInt16BE(version, 2);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expectBounded(Buffer.concat([start, bytes]));
      }),
      { numRuns: often(8, 40) },
    );
  });
});

describe('the tables', () => {
  test('agree between request and response on key, versions and flexibility', () => {
    for (const { request, response } of apis) {
      expect([response.apiKey, response.min, response.max, response.flexible]).toEqual([
        request.apiKey,
        request.min,
        request.max,
        request.flexible,
      ]);
    }
  });

  test('are found by key, and a key without a table is not', () => {
    for (const api of apis) expect(lookupApi(api.key)).toBe(api);
    for (const key of [-1, 4, 7, 94, 32767, -32768]) expect(lookupApi(key)).toBeUndefined();
  });

  test('advertise Produce from 0, which older librdkafka needs, and implement it from 3', () => {
    const { advertiseMin, min, max } = APIS.Produce;
    expect({ advertiseMin, min, max }).toEqual({ advertiseMin: 0, min: 3, max: 11 });
  });

  test('advertise no other version than is implemented', () => {
    for (const api of apis) {
      if (api.name !== 'Produce') expect(api.advertiseMin).toBe(api.min);
    }
  });
});

function request(
  api: Api,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: Readonly<Record<string, unknown>>,
): Buffer {
  const frame = encodeRequest(api, version, correlationId, clientId, body);
  expect(frame.readInt32BE(0)).toBe(frame.length - 4);
  return frame.subarray(4);
}

function joined(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map((part) => part as Buffer));
}

/** Every array element, string and byte view of the value must stand for bytes of the frame. */
function expectBounded(frame: Buffer): void {
  let decoded: unknown;
  try {
    const { clientId, body } = decodeRequest(frame, lookupApi);
    decoded = [clientId, body];
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return;
  }
  expect(weight(decoded)).toBeLessThanOrEqual(2 * frame.length);
}

function weight(value: unknown): number {
  // The zero id is one shared constant, also where the version has no such field.
  if (typeof value === 'string') return value === ZERO_UUID ? 0 : value.length;
  if (Buffer.isBuffer(value)) return value.length;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + 1 + weight(item), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + weight(item), 0);
}

test('a reader of the shortest possible elements is still bounded by the frame', () => {
  expect(() => new Reader(Buffer.alloc(100)).count(101, 1)).toThrow(ProtocolError);
  expect(new Reader(Buffer.alloc(100)).count(100, 1)).toBe(100);
});
