import { expect, test } from 'vitest';
import { nearestName, openEngine } from '../../engine/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const KNOWN = ['log.retention.ms', 'log.retention.bytes', 'broker.rack', 'flush', 'codec'];

test.each([
  ['log.retention.mss', 'log.retention.ms'],
  ['log.retentoin.byts', 'log.retention.bytes'],
  ['flsuh', 'flush'],
  ['broker', 'broker.rack'],
  ['zookeeper.connect', null],
  ['encoding', null],
  ['', null],
])('the known name that %j may have been meant for is %j', (name, nearest) => {
  expect(nearestName(name, KNOWN)).toBe(nearest);
});

test('options that there are not are refused before anything is opened, with the nearest', async () => {
  const folder = temporaryFolder();
  const refused = (message: string) => ({ code: 'INVALID_SETTING', message });
  await expect(openEngine(folder, { loger: null } as object)).rejects.toMatchObject(
    refused("openEngine has no option 'loger': did you mean logger?"),
  );
  const compaction = { treads: 1 } as object;
  await expect(openEngine(folder, { compaction })).rejects.toMatchObject(
    refused("compaction has no option 'treads': did you mean threads?"),
  );
  const engine = await openEngine(folder);
  await expect(engine.log('events', { retentionMS: 1 } as object)).rejects.toMatchObject(
    refused("a log has no option 'retentionMS': did you mean retentionMs?"),
  );
  await engine.close();
});
