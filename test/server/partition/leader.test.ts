import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../engine/index.js';
import { OverdueAppend } from '../../../server/partition/leader.js';
import { batchOf, memoryBroker, TestConnection, turns } from '../../support/memory-broker.js';

/** A partition whose high watermark moves only when the test says so. */
async function heldPartition() {
  const broker = await memoryBroker();
  await broker.createTopic('t');
  const partition = broker.partitions.find(broker.metadata.image.topic('t')!, 0);
  const log = broker.engine.log('t');
  let end = 0;
  log.watermark.setRule(() => end);
  const commitTo = (offset: number): void => {
    end = offset;
    log.watermark.advance();
  };
  return { broker, partition, log, commitTo };
}

/** What an append has come to: its last offset, the code of its error, or that it still waits. */
function watched(append: Promise<{ readonly lastOffset: number }>) {
  const seen = { state: 'waits' as number | string };
  append.then(
    ({ lastOffset }) => {
      seen.state = lastOffset;
    },
    (error: { code: string }) => {
      seen.state = error.code;
    },
  );
  return seen;
}

describe('an append', () => {
  test('with acks 0 and 1 counts when the log keeps its promise, whatever replicas have', async () => {
    const { partition, log } = await heldPartition();
    log.holding = true;
    const none = watched(partition.append(batchOf(['a']), 0));
    const one = watched(partition.append(batchOf(['b']), 1));
    await turns();
    expect([none.state, one.state]).toEqual(['waits', 'waits']);
    log.sync();
    await turns();
    expect([none.state, one.state]).toEqual([0, 1]);
  });

  test('with acks -1 counts when the high watermark has passed its last record', async () => {
    const { partition, commitTo } = await heldPartition();
    const first = watched(partition.append(batchOf(['a', 'b']), -1));
    const second = watched(partition.append(batchOf(['c']), -1));
    commitTo(1);
    await turns();
    expect([first.state, second.state]).toEqual(['waits', 'waits']);
    commitTo(2);
    await turns();
    expect([first.state, second.state]).toEqual([1, 'waits']);
    commitTo(3);
    await turns();
    expect(second.state).toBe(2);
  });

  test('with acks -1 waits for the promise of the log as well', async () => {
    const { partition, log, commitTo } = await heldPartition();
    log.holding = true;
    const append = watched(partition.append(batchOf(['a']), -1));
    commitTo(1);
    await turns();
    expect(append.state).toBe('waits');
    log.sync();
    await turns();
    expect(append.state).toBe(0);
  });

  test('that the log refuses fails with what the log says', async () => {
    const { partition, log } = await heldPartition();
    log.refuseNext = new EngineError('STORAGE_FULL', 'no room');
    const append = watched(partition.append(batchOf(['a']), -1));
    await turns();
    expect(append.state).toBe('STORAGE_FULL');
  });

  test('at its deadline is overdue, and its outcome is told all the same', async () => {
    const { broker, partition, commitTo } = await heldPartition();
    const deadlineMs = broker.clock.monotonicMs() + 100;
    const append = partition.append(batchOf(['a']), -1, { deadlineMs, connection: null });
    const seen = watched(append);
    await turns();
    broker.clock.advance(99);
    await turns();
    expect(seen.state).toBe('waits');
    broker.clock.advance(1);
    const error: unknown = await append.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'REQUEST_TIMED_OUT' });
    const outcome = (error as OverdueAppend).whenKnown();
    expect(error).toBeInstanceOf(OverdueAppend);
    const late = watched(outcome);
    broker.clock.advance(1_000_000);
    await turns();
    expect(late.state).toBe('waits');
    commitTo(1);
    await turns();
    expect(late.state).toBe(0);
    expect(broker.delayed.size).toBe(0);
  });

  test('waits no longer than the connection is open', async () => {
    const { broker, partition } = await heldPartition();
    const connection = new TestConnection();
    const deadlineMs = Number.POSITIVE_INFINITY;
    const append = watched(partition.append(batchOf(['a']), -1, { deadlineMs, connection }));
    await turns();
    expect(broker.delayed.size).toBe(1);
    connection.close();
    await turns();
    expect([append.state, broker.delayed.size]).toEqual(['REQUEST_TIMED_OUT', 0]);
  });
});

describe('replicas in sync', () => {
  test('too few refuse an append with acks -1 before it is made, and no other', async () => {
    const { partition, log } = await heldPartition();
    partition.lead({ ...partition.leadership, inSyncCount: 1, minInSyncReplicas: 2 });
    expect(() => partition.append(batchOf(['a']), -1)).toThrow('min.insync.replicas is 2');
    expect(log.logEndOffset).toBe(0);
    expect((await partition.append(batchOf(['a']), 1)).lastOffset).toBe(0);
  });

  test('too few when the high watermark has passed fail an append that was made', async () => {
    const { partition, commitTo } = await heldPartition();
    partition.lead({ ...partition.leadership, inSyncCount: 2, minInSyncReplicas: 2 });
    const waits = watched(partition.append(batchOf(['a']), -1));
    await turns();
    partition.lead({ ...partition.leadership, inSyncCount: 1 });
    await turns();
    expect(waits.state).toBe('waits');
    commitTo(1);
    await turns();
    expect(waits.state).toBe('NOT_ENOUGH_REPLICAS_AFTER_APPEND');
  });

  test('that are enough again by then let it count', async () => {
    const { partition, commitTo } = await heldPartition();
    partition.lead({ ...partition.leadership, inSyncCount: 2, minInSyncReplicas: 2 });
    const waits = watched(partition.append(batchOf(['a']), -1));
    partition.lead({ ...partition.leadership, inSyncCount: 1 });
    partition.lead({ ...partition.leadership, inSyncCount: 3 });
    commitTo(1);
    await turns();
    expect(waits.state).toBe(0);
  });
});

describe('a leader epoch that ends', () => {
  test('refuses what waits for the high watermark', async () => {
    const { broker, partition } = await heldPartition();
    const append = watched(partition.append(batchOf(['a']), -1));
    await turns();
    partition.lead({ ...partition.leadership, role: 'follower', leaderEpoch: 1 });
    await turns();
    expect([append.state, broker.delayed.size]).toEqual(['NOT_LEADER_OR_FOLLOWER', 0]);
  });

  test('refuses an append although this node leads again and the high watermark has passed it', async () => {
    const { partition, log, commitTo } = await heldPartition();
    log.holding = true;
    // One waits for the high watermark by then, one for the promise of the log.
    const early = watched(partition.append(batchOf(['a']), -1));
    log.sync();
    await turns();
    const late = watched(partition.append(batchOf(['b']), -1));
    partition.lead({ ...partition.leadership, role: 'follower', leaderEpoch: 1 });
    partition.lead({ ...partition.leadership, role: 'leader', leaderEpoch: 2 });
    commitTo(2);
    log.sync();
    await turns();
    expect([early.state, late.state]).toEqual(['NOT_LEADER_OR_FOLLOWER', 'NOT_LEADER_OR_FOLLOWER']);
    log.holding = false;
    const next = watched(partition.append(batchOf(['c']), -1));
    commitTo(3);
    await turns();
    expect(next.state).toBe(2);
  });

  test('refuses an append although the next one is this node’s own, too', async () => {
    const { partition, log, commitTo } = await heldPartition();
    log.holding = true;
    const append = watched(partition.append(batchOf(['a']), -1));
    partition.lead({ ...partition.leadership, leaderEpoch: 1 });
    commitTo(1);
    log.sync();
    await turns();
    expect(append.state).toBe('NOT_LEADER_OR_FOLLOWER');
  });

  test('leaves an append with acks 1 be, for which this node alone has answered', async () => {
    const { partition, log } = await heldPartition();
    log.holding = true;
    const append = watched(partition.append(batchOf(['a']), 1));
    partition.lead({ ...partition.leadership, role: 'follower', leaderEpoch: 1 });
    log.sync();
    await turns();
    expect(append.state).toBe(0);
  });

  test('tells an outcome that a caller still waits for', async () => {
    const { broker, partition } = await heldPartition();
    const append = partition.append(batchOf(['a']), -1, { deadlineMs: 0, connection: null });
    const error = (await append.catch((reason: unknown) => reason)) as OverdueAppend;
    const outcome = watched(error.whenKnown());
    partition.lead({ ...partition.leadership, leaderEpoch: 1 });
    await turns();
    expect([outcome.state, broker.delayed.size]).toEqual(['NOT_LEADER_OR_FOLLOWER', 0]);
  });
});

test('a partition that is let go refuses what waits, and not what the high watermark has passed', async () => {
  const { partition, log, commitTo } = await heldPartition();
  const waits = watched(partition.append(batchOf(['a']), -1));
  commitTo(0);
  log.holding = true;
  const passed = watched(partition.append(batchOf(['b']), -1));
  await turns();
  partition.release();
  await turns();
  expect([waits.state, passed.state]).toEqual(['NOT_LEADER_OR_FOLLOWER', 'waits']);
  commitTo(2);
  log.sync();
  await turns();
  expect(passed.state).toBe(1);
});
