import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { buildBatchSync } from '../../engine/batch/builder.js';
import { Client } from '../../server/cli/client.js';
import { APIS } from '../../server/handlers/apis.js';
import { encodeRequest } from '../../server/protocol/frame.js';

const FETCHES = 64;
const VALUE_BYTES = 900_000;

/**
 * A connection whose answers are more than the kernel takes, so that they stay under way: no client
 * reads them. The broker has all of its requests when this resolves.
 */
export async function neverReading(broker: {
  readonly bootstrap: string;
  readonly port: number;
}): Promise<Socket> {
  const client = await Client.connect({ bootstrap: broker.bootstrap });
  await client.request(APIS.Metadata, {
    topics: [{ name: 'large' }],
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  const value = Buffer.alloc(VALUE_BYTES);
  const records = buildBatchSync([{ key: null, value, timestamp: 1 }]);
  const { topics } = await client.request(APIS.Produce, {
    acks: 1,
    timeoutMs: 1000,
    topics: [{ name: 'large', partitions: [{ index: 0, records }] }],
  });
  expect(topics[0]?.partitions[0]?.errorCode).toBe(0);
  client.close();
  const fetch = encodeRequest(APIS.Fetch, 4, 1, null, {
    maxWaitMs: 0,
    minBytes: 0,
    topics: [
      {
        topic: 'large',
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 2 * VALUE_BYTES }],
      },
    ],
  });
  const socket = connect({ host: 'localhost', port: broker.port });
  socket.on('error', () => {});
  socket.write(Buffer.concat(Array.from({ length: FETCHES }, () => fetch)));
  await once(socket, 'readable');
  return socket;
}
