import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lookupApi } from '../../server/handlers/apis.js';
import {
  decodeRequest,
  decodeRequestStart,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../server/protocol/frame.js';
import type { WireExample } from '../clients/support/frame-recorder.js';

const FOLDER = new URL('.', import.meta.url).pathname;

const clients = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => ({
    client: name.replace('.jsonl', ''),
    examples: readFileSync(join(FOLDER, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as WireExample),
  }));

test('there are frames of every client', () => {
  expect(clients.map(({ client }) => client)).toEqual([
    'apache-java-4.4.0',
    'apache-java',
    'apache-tools',
    'confluent-kafka-python',
    'kafkajs',
    'kcat',
    'platformatic',
  ]);
});

describe.each(clients)('$client', ({ examples }) => {
  test.each(examples)(
    '$api v$version: a request is encoded to the bytes that the client sent',
    (example) => {
      const frame = Buffer.from(example.request, 'hex');
      const api = lookupApi(decodeRequestStart(frame).apiKey)!;
      const { apiVersion, correlationId, clientId, body } = decodeRequest(frame, lookupApi);
      expect([api.name, apiVersion]).toEqual([example.api, example.version]);
      const encoded = encodeRequest(api, apiVersion, correlationId, clientId, body as never);
      expect(encoded.subarray(4).toString('hex')).toBe(example.request);
    },
  );

  test.each(examples)(
    '$api v$version: a response is encoded to the bytes that the client got',
    (example) => {
      const frame = Buffer.from(example.response, 'hex');
      const api = lookupApi(decodeRequestStart(Buffer.from(example.request, 'hex')).apiKey)!;
      const { correlationId, body } = decodeResponse(api, example.version, frame);
      const parts = encodeResponse(api, example.version, correlationId, body as never) as Buffer[];
      expect(Buffer.concat(parts).subarray(4).toString('hex')).toBe(example.response);
    },
  );
});
