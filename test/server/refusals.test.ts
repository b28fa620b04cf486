import { expect, test } from 'vitest';
import { APIS } from '../../server/handlers/apis.js';
import type { Api } from '../../server/protocol/api.js';
import { ApiError } from '../../server/protocol/api-error.js';
import { ErrorCode } from '../../server/protocol/error-codes.js';
import { decodeResponse, encodeRequest } from '../../server/protocol/frame.js';
import { type Fields, type FieldType, inRange } from '../../server/protocol/schema.js';
import { joined, memoryBroker } from '../support/memory-broker.js';

const CODE = ErrorCode.CLUSTER_AUTHORIZATION_FAILED;

/** A value with one element in every array that this version has. */
function filled(fields: Fields, version: number): object {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, { versions }]) => inRange(versions, version))
      .map(([name, field]) => [
        name,
        field.type.kind === 'array' || field.type.kind === 'struct'
          ? one(field.type, version)
          : field.default,
      ]),
  );
}

function one(type: FieldType, version: number): unknown {
  if (type.kind === 'array') return [one(type.element, version)];
  if (type.kind === 'struct') return filled(type.fields, version);
  return type.kind === 'string' ? 'text' : 0;
}

/** Error codes that are on the wire in this version. */
function codesIn(type: FieldType, value: unknown, version: number): number[] {
  if (type.kind === 'array') {
    const elements = value as readonly unknown[] | null;
    return (elements ?? []).flatMap((each) => codesIn(type.element, each, version));
  }
  if (type.kind !== 'struct' || value === null) return [];
  return Object.entries(type.fields)
    .filter(([, { versions }]) => inRange(versions, version))
    .flatMap(([name, field]) => {
      const each = (value as Record<string, unknown>)[name];
      return name === 'errorCode' ? [each as number] : codesIn(field.type, each, version);
    });
}

const versions = Object.values(APIS).flatMap((api: Api) =>
  Array.from({ length: api.max - api.min + 1 }, (_, at) => {
    const version = api.min + at;
    return { name: `${api.name} v${version}`, api, version };
  }),
);

test.each(versions)(
  'what a hook throws is answered by $name, where clients look for it',
  async ({ api, version }) => {
    const refuse = () => {
      throw new ApiError('CLUSTER_AUTHORIZATION_FAILED', 'not by you');
    };
    const broker = await memoryBroker({ hooks: [{ before: refuse }] });
    const body = {
      ...filled(api.request.fields, version),
      ...(api.name === 'Produce' && { acks: 1 }),
    };
    const frame = encodeRequest(api, version, 7, 'tester', body as never).subarray(4);
    const parts = await broker.dispatcher.dispatch(frame, broker.connection);
    const answer = decodeResponse(api, version, joined(parts!).subarray(4)).body;
    const table: FieldType = { kind: 'struct', fields: api.response.fields };
    const codes = codesIn(table, answer, version);
    // Some versions have a second place, for what is no refusal.
    expect(codes).toContain(CODE);
    expect([0, CODE]).toEqual(expect.arrayContaining(codes));
  },
);

test('a produce that asks for no answer ends its connection', async () => {
  const refuse = () => {
    throw new ApiError('CLUSTER_AUTHORIZATION_FAILED', 'not by you');
  };
  const broker = await memoryBroker({ hooks: [{ before: refuse }] });
  const body = { acks: 0, timeoutMs: 0, topics: [] };
  const frame = encodeRequest(APIS.Produce, 9, 7, 'tester', body).subarray(4);
  await expect(broker.dispatcher.dispatch(frame, broker.connection)).rejects.toThrow(
    'has no answer',
  );
});
