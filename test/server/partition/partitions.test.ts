import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { batchOf, memoryBroker, produceOf, turns } from '../../support/memory-broker.js';
import { MemoryEngine } from '../../support/memory-log.js';

/** A promise and how to resolve it. */
function gate(): { promise: Promise<void>; open: () => void } {
  let open = (): void => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

describe('partitions', () => {
  test('a restart opens every partition of the image and sets aside only what is in none', async () => {
    const first = await memoryBroker();
    const { topicId } = await first.createTopic('t', 2);
    const engine = new MemoryEngine();
    engine.folders.add(`${topicId}-0`).add(`${topicId}-2`).add('unknown-0');
    const second = await memoryBroker({ catalog: first.catalog, engine });
    expect(engine.opened.map(({ partition }) => partition).sort()).toEqual([0, 1]);
    expect(second.lines.map(({ level, fields }) => [level, fields.folder])).toEqual([
      ['warn', `${topicId}-2`],
      ['warn', 'unknown-0'],
    ]);
  });

  test('a deletion that a crash interrupted is finished by the next start, and never taken for a stray', async () => {
    const engine = new MemoryEngine();
    engine.deleteError = new EngineError('STORAGE_OFFLINE', 'crashed');
    const first = await memoryBroker({ engine });
    const { topicId } = await first.createTopic('t', 2);
    await first.call('DeleteTopics', 1, { topicNames: ['t'], timeoutMs: 1 });
    await turns();
    expect(engine.deleted).toEqual([]);
    expect(first.lines.at(-1)?.message).toContain('next start');
    const next = new MemoryEngine();
    next.folders.add(`${topicId}-0`).add(`${topicId}-1`);
    const second = await memoryBroker({ catalog: first.catalog, engine: next });
    await second.settled();
    expect(second.lines).toEqual([]);
    expect(next.deleted.map(({ partition }) => partition).sort()).toEqual([0, 1]);
    expect((await second.store.range('deleted-topics/')).entries).toEqual([]);
  });

  test('one request that deletes many topics has few of their logs deleted at a time', async () => {
    const engine = new MemoryEngine();
    const deletePartition = engine.deletePartition.bind(engine);
    let running = 0;
    let runningMost = 0;
    engine.deletePartition = async (name) => {
      running += 1;
      runningMost = Math.max(runningMost, running);
      await turns(1);
      await deletePartition(name);
      running -= 1;
    };
    const broker = await memoryBroker({ engine });
    const topicNames = Array.from({ length: 30 }, (_, at) => `t${at}`);
    for (const name of topicNames) await broker.createTopic(name, 100);
    await broker.call('DeleteTopics', 5, { topicNames, timeoutMs: 1 });
    await broker.settled();
    expect(engine.deleted).toHaveLength(3_000);
    expect(runningMost).toBe(SERVER_LIMITS.deletionsAtOnce);
  });

  test('while a partition is being opened its clients are told to come back', async () => {
    const broker = await memoryBroker();
    const { promise, open } = gate();
    broker.engine.gate = promise;
    const creating = broker.createTopic('t');
    while (broker.metadata.image.topic('t') === undefined) await turns(1);
    const early = await broker.call('Produce', 9, produceOf('t', batchOf(['a'])));
    expect(early.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    open();
    await creating;
    const late = await broker.call('Produce', 9, produceOf('t', batchOf(['a'])));
    expect(late.topics[0]!.partitions[0]!.errorCode).toBe(0);
  });

  test('a topic that is recreated at once waits for the folder of its predecessor', async () => {
    const broker = await memoryBroker();
    const old = await broker.createTopic('t');
    const { promise, open } = gate();
    broker.engine.gate = promise;
    await broker.call('DeleteTopics', 1, { topicNames: ['t'], timeoutMs: 1 });
    const creating = broker.createTopic('t');
    await turns();
    expect(broker.engine.opened).toHaveLength(1);
    open();
    const { topicId } = await creating;
    expect(broker.engine.deleted.map((name) => name.topicId)).toEqual([old.topicId]);
    expect(broker.engine.opened.map((name) => name.topicId)).toEqual([old.topicId, topicId]);
  });

  test('a topic that is deleted while it is being opened does not come back', async () => {
    const broker = await memoryBroker();
    const { promise, open } = gate();
    broker.engine.gate = promise;
    const creating = broker.createTopic('t');
    while (broker.metadata.image.topic('t') === undefined) await turns(1);
    const { id } = broker.metadata.image.topic('t')!;
    await broker.controller.deleteTopics([id]);
    open();
    await creating;
    await broker.settled();
    expect([...broker.partitions.open()]).toEqual([]);
    expect(broker.engine.logs.size).toBe(0);
    expect(broker.engine.deleted).toHaveLength(1);
  });

  test('settings that change while a log is being opened reach it', async () => {
    const broker = await memoryBroker();
    const { promise, open } = gate();
    broker.engine.gate = promise;
    const creating = broker.createTopic('t');
    while (broker.metadata.image.topic('t') === undefined) await turns(1);
    const { id } = broker.metadata.image.topic('t')!;
    await broker.controller.alterTopic(id, () => ({ 'retention.ms': '5' }));
    open();
    await creating;
    expect(broker.engine.log('t').settings.retentionMs).toBe(5);
  });

  test('a partition that was let go answers no client', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const partition = broker.partitions.find(broker.metadata.image.topic('t')!, 0);
    partition.release();
    partition.release();
    expect(() => partition.append(batchOf(['a']), 1)).toThrow('let go');
    expect(() => partition.checkLeader(-1)).toThrow('let go');
  });

  test('a follower appends what its leader stamped, and serves no client', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const partition = broker.partitions.find(broker.metadata.image.topic('t')!, 0);
    const code = (work: () => unknown): string => {
      try {
        work();
        return 'ok';
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(code(() => partition.appendAsFollower(batchOf(['a'])))).toBe('NOT_LEADER_OR_FOLLOWER');
    partition.lead({ ...partition.leadership, role: 'follower', leaderEpoch: 7 });
    expect(code(() => partition.append(batchOf(['a']), 1))).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(code(() => partition.checkLeader(6))).toBe('FENCED_LEADER_EPOCH');
    expect(code(() => partition.checkLeader(8))).toBe('UNKNOWN_LEADER_EPOCH');
    expect(code(() => partition.checkLeader(7))).toBe('NOT_LEADER_OR_FOLLOWER');
    expect((await partition.appendAsFollower(batchOf(['a']))).lastOffset).toBe(0);
    await expect(partition.appendAsFollower(batchOf(['b']))).rejects.toMatchObject({
      code: 'UNEXPECTED_OFFSET',
    });
  });
});
