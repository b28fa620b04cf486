import { expect, test } from 'vitest';
import { cutPower, newWorld, openWorld, stopCleanly } from '../../support/sim-engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { engineAt } from './open-logs.js';

test('the last record is there, over what compaction has taken behind it', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { compacted: true, segmentBytes: 300 });
  expect(await log.last()).toBeNull();
  for (let at = 0; at < 40; at++) await log.append({ key: 'a', value: `${at}` });
  await log.append({ key: 'b', value: 'kept' });
  await log.append({ key: 'a', value: null });
  await log.partition.maintenance.roll();
  await log.compact();
  expect((await log.last())!.offset).toBe(log.endOffset - 1);
  await log.deleteBefore(log.endOffset);
  expect(await log.last()).toBeNull();
});

test('the logs of a directory are listed with what is known without opening them', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const one = await engine.log('one');
  await one.append([{ value: 'a' }, { value: 'b' }]);
  await one.deleteBefore(1);
  const gone = await engine.log('gone');
  await gone.append({ value: 'x' });
  await gone.delete();
  await (await engine.log('empty')).close();
  const { topicId } = one;
  const offsets = { startOffset: 1, endOffset: 2 };
  expect(one.sizeBytes).toBeGreaterThan(60);
  expect(await engine.logs()).toMatchObject([
    { name: 'empty', isOpen: false, startOffset: 0, endOffset: 0, sizeBytes: null },
    { name: 'one', topicId, isOpen: true, ...offsets, sizeBytes: one.sizeBytes },
  ]);
  const stopped = await stopCleanly(world, engine);
  const second = await openWorld(stopped);
  expect((await second.logs())[1]).toMatchObject({ isOpen: false, ...offsets });
  const third = await openWorld(cutPower(stopped));
  const unknown = { startOffset: null, endOffset: null };
  expect((await third.logs())[1]).toMatchObject({ name: 'one', isOpen: false, ...unknown });
});
