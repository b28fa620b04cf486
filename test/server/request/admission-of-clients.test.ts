import { expect, test } from 'vitest';
import { ManualClock } from '../../../engine/index.js';
import { ApiError } from '../../../server/protocol/api-error.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { startAttackedBroker } from '../bad-input/attacked-broker.js';

const CLUSTER = { includeClusterAuthorizedOperations: false };
const OFFSETS = { replicaId: -1, topics: [] };

test('a throttled client is answered at once, and served again when its time is over', async () => {
  const networkClock = new ManualClock();
  const broker = await startAttackedBroker({
    networkClock,
    quota: { throttleMs: ({ apiName }) => Number(apiName === 'ListOffsets') * 1_000 },
  });
  const throttled = await broker.connect();
  const other = await broker.connect();
  const { throttleTimeMs } = await throttled.call('ListOffsets', 5, OFFSETS);
  expect(throttleTimeMs).toBe(1_000);
  let isServed = false;
  const served = throttled.call('DescribeCluster', 0, CLUSTER).then(() => {
    isServed = true;
  });
  for (let round = 0; round < 20; round++) await other.call('DescribeCluster', 0, CLUSTER);
  networkClock.advance(999);
  await other.call('DescribeCluster', 0, CLUSTER);
  expect(isServed).toBe(false);
  networkClock.advance(1);
  await served;
});

test('a stop does not wait for the time of a throttled client', async () => {
  const { broker, connect } = await startAttackedBroker({
    networkClock: new ManualClock(),
    quota: { throttleMs: () => 3_600_000 },
  });
  const client = await connect();
  await client.call('ListOffsets', 5, OFFSETS);
  client.send('DescribeCluster', 0, CLUSTER);
  await client.write(Buffer.alloc(0));
  const closed = broker.close({ drainMs: 10_000 });
  client.socket.end();
  await closed;
});

test('a client without a name is refused where the authorizer does not know it', async () => {
  const { connect } = await startAttackedBroker({
    authorizer: {
      authorize: ({ principal }, asks) => {
        if (asks.length > 0 && principal === 'User:ANONYMOUS') {
          throw new ApiError('CLUSTER_AUTHORIZATION_FAILED', 'not for you');
        }
      },
    },
  });
  const client = await connect();
  expect((await client.call('ApiVersions', 0, {})).errorCode).toBe(ErrorCode.NONE);
  const { errorCode } = await client.call('DescribeCluster', 0, CLUSTER);
  expect(errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
});
