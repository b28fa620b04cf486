import { expect, test } from 'vitest';
import { memoryBroker } from '../../support/memory-broker.js';

test('the size of the volume is given from version 4 on', async () => {
  const broker = await memoryBroker();
  const { results } = await broker.call('DescribeLogDirs', 5, { topics: [] });
  expect(results).toMatchObject([
    { errorCode: 0, totalBytes: 1_000_000, usableBytes: 400_000, isCordoned: false },
  ]);
  const before = await broker.call('DescribeLogDirs', 3, { topics: [] });
  expect(before.results).toMatchObject([{ errorCode: 0, totalBytes: -1, usableBytes: -1 }]);
});

test('a volume whose size nobody can tell is described without it', async () => {
  const broker = await memoryBroker({ space: () => Promise.reject(new Error('statfs')) });
  const { results } = await broker.call('DescribeLogDirs', 4, { topics: [] });
  expect(results).toMatchObject([{ errorCode: 0, totalBytes: -1, usableBytes: -1 }]);
});
