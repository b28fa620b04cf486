import { expect, test } from 'vitest';
import { cliBroker, valued } from '../../support/cli-broker.js';

test('the producers of a partition are printed, and none for records without one', async () => {
  const { run, lines, objects, produce } = await cliBroker();
  await run('topics', 'create', 'orders', '-p', '2');
  await produce('orders', 0, valued('plain'));
  const producer = { producerId: 7, producerEpoch: 2, baseSequence: 0 };
  await produce('orders', 1, valued('a', 'b'), producer);
  expect(await lines('producers', 'orders')).toEqual([
    'TOPIC   PARTITION  PRODUCER-ID  EPOCH  LAST-SEQUENCE  LAST-APPEND',
    expect.stringMatching(/^orders +1 +7 +2 +1 +\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  ]);
  expect(await objects('producers', 'orders', '-p', '1')).toMatchObject([
    { topic: 'orders', partition: 1, producerId: 7, epoch: 2, lastSequence: 1 },
  ]);
  expect(await objects('producers', 'orders', '-p', '0')).toEqual([]);
  expect(await run('producers', 'absent')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no topic absent'),
  });
});
