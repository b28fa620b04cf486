import { expect, test } from 'vitest';
import { startBroker } from '../../../server/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const OTHER = 'AAAAAAAAAAAAAAAAAAAAAQ';

test('a new directory gets the id that is wanted, and an old one is opened with no other', async () => {
  const dataDir = temporaryFolder();
  const config = { 'odradek.cluster.id': ID };
  for (const given of [config, config, {}]) {
    const broker = await startBroker({ dataDir, config: given });
    expect(broker.clusterId).toBe(ID);
    await broker.close();
  }
  const opened = startBroker({ dataDir, config: { 'odradek.cluster.id': OTHER } });
  await expect(opened).rejects.toMatchObject({
    code: 'SETTINGS',
    message: `the data directory belongs to the cluster ${ID}, and CLUSTER_ID or odradek.cluster.id says ${OTHER}: leave it out, or name another directory`,
  });
  const again = await startBroker({ dataDir });
  expect(again.clusterId).toBe(ID);
  await again.close();
});
