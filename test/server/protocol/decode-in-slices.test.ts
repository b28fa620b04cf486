import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { APIS } from '../../../server/handlers/apis.js';
import { codec } from '../../../server/protocol/compile.js';
import { decodeRequest, decodeRequestInSlices } from '../../../server/protocol/frame.js';
import { ProtocolError } from '../../../server/protocol/protocol-error.js';
import { Reader } from '../../../server/protocol/reader.js';
import { array, int32, type Message, message, string } from '../../../server/protocol/schema.js';
import { Writer } from '../../../server/protocol/writer.js';
import { valuesOf } from './table-arbitrary.js';

/** What was reported, one report after another; every second one makes the decoder wait. */
function reports() {
  const told: number[] = [];
  const did = (elements: number) => {
    told.push(elements);
    return told.length % 2 === 0 ? Promise.resolve() : null;
  };
  return { told, did };
}

function bytesOf(writer: Writer): Buffer {
  return Buffer.concat(writer.finish() as Buffer[]);
}

describe.each(Object.values(APIS).map((api) => [api.name, api] as const))('%s', (_name, api) => {
  const versions = Array.from({ length: api.max - api.min + 1 }, (_, at) => api.min + at);

  test.each(versions)('in version %i a request is read as at once', async (version) => {
    const { encode, decode, decodeInSlices } = codec(api.request as Message, version);
    await fc.assert(
      fc.asyncProperty(valuesOf(api.request, version), async (value) => {
        const writer = new Writer();
        encode(writer, value as never);
        const bytes = bytesOf(writer);
        const inSlices = new Reader(bytes);
        const atOnce = new Reader(bytes);
        expect(await decodeInSlices(inSlices, reports())).toEqual(decode(atOnce));
        expect(inSlices.position).toBe(atOnce.position);
        expect(inSlices.elementsLeft).toBe(atOnce.elementsLeft);
      }),
      { numRuns: 10 },
    );
  });
});

const Deep = message({
  apiKey: 0,
  min: 0,
  max: 0,
  flexible: 0,
  fields: { topics: array({ name: string(), partitions: array({ replicas: array(int32()) }) }) },
});

test('no report holds much more than others, however deep the elements lie', async () => {
  const { encode, decodeInSlices } = codec(Deep, 0);
  const long = 'x'.repeat(3200);
  for (const [topics, partitions, replicas, name] of [
    [5000, 0, 0, 'a'],
    [1, 5000, 0, 'a'],
    [1, 1, 5000, 'a'],
    [100, 10, 5, 'a'],
    [1000, 0, 0, long],
  ] as const) {
    const writer = new Writer();
    const value = {
      topics: Array.from({ length: topics }, () => ({
        name,
        partitions: Array.from({ length: partitions }, () => ({
          replicas: Array.from({ length: replicas }, () => 1),
        })),
      })),
    };
    encode(writer, value);
    const { told, did } = reports();
    const reader = new Reader(bytesOf(writer));
    const before = reader.elementsLeft;
    expect(await decodeInSlices(reader, { did })).toEqual(value);
    expect(Math.max(...told)).toBeLessThanOrEqual(150);
    expect(told.reduce((sum, each) => sum + each, 0)).toBe(before - reader.elementsLeft);
  }
});

test('what cannot be read is refused with the same words', async () => {
  const apiByKey = (key: number) => Object.values(APIS).find((api) => api.key === key);
  const head = Buffer.from('000300010000000700026162', 'hex');
  for (const body of ['0000000100', '7fffffff', 'fffffffe', '00000002000161', '']) {
    const frame = Buffer.concat([head, Buffer.from(body, 'hex')]);
    let expected: unknown;
    try {
      decodeRequest(frame, apiByKey, 10);
    } catch (error) {
      expected = error;
    }
    expect(expected).toBeInstanceOf(ProtocolError);
    await expect(decodeRequestInSlices(frame, apiByKey, 10, reports())).rejects.toEqual(expected);
  }
});
