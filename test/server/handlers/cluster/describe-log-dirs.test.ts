import { statfs } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { memoryBroker } from '../../../support/memory-broker.js';
import { startTestBroker } from '../../../support/start-broker.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { WireClient } from '../../bad-input/wire-client.js';

test('the size of the volume is given from version 4 on', async () => {
  const broker = await memoryBroker();
  const { results } = await broker.call('DescribeLogDirs', 5, { topics: [] });
  expect(results).toMatchObject([
    { errorCode: 0, totalBytes: 1_000_000, usableBytes: 400_000, isCordoned: false },
  ]);
  const before = await broker.call('DescribeLogDirs', 3, { topics: [] });
  expect(before.results).toMatchObject([{ errorCode: 0, totalBytes: -1, usableBytes: -1 }]);
});

test('a volume of unknown size is described without it', async () => {
  const broker = await memoryBroker({ space: () => Promise.reject(new Error('statfs')) });
  const { results } = await broker.call('DescribeLogDirs', 4, { topics: [] });
  expect(results).toMatchObject([{ errorCode: 0, totalBytes: -1, usableBytes: -1 }]);
});

test('a broker on a real disk tells of the volume what the system does', async () => {
  const dataDir = temporaryFolder();
  const broker = await startTestBroker({ dataDir });
  const client = await WireClient.connect(broker.port);
  onTestFinished(() => client.close());
  /**
   * Bytes by which the answer differs from the room that an ordinary user has left. Others use the
   * disk too.
   */
  const usableApart = async (): Promise<number> => {
    const { results } = await client.call('DescribeLogDirs', 4, { topics: [] });
    const { blocks, bavail, bsize } = await statfs(dataDir);
    expect(results).toMatchObject([{ errorCode: 0, logDir: dataDir, totalBytes: blocks * bsize }]);
    return Math.abs(results[0]!.usableBytes - bavail * bsize);
  };
  await expect.poll(usableApart).toBeLessThan(64 * 1024 * 1024);
});
