import { describe, expect, test } from 'vitest';
import {
  FetchSession,
  type Finding,
  nextEpoch,
  type PartitionAnswer,
  type PartitionWish,
  type SessionPartition,
} from '../../../server/fetching/fetch-session.js';
import type { Partition } from '../../../server/partition/partition.js';

function session(usesTopicIds = false): FetchSession {
  return new FetchSession({ id: 7, isPrivileged: false, usesTopicIds, nowMs: 0 });
}

function wish(partition: number, fetchOffset = 0): PartitionWish {
  return {
    partition,
    fetchOffset,
    currentLeaderEpoch: -1,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 1000,
    replicaDirectoryId: '',
  };
}

const named = (topic: string, ...wishes: PartitionWish[]) => ({
  topic,
  topicId: `id of ${topic}`,
  partitions: wishes,
});

const forgotten = (topic: string, ...partitions: number[]) => ({
  topic,
  topicId: `id of ${topic}`,
  partitions,
});

/** What is to be looked at, in order. */
function toLookAt({ toLookAt }: FetchSession): string[] {
  return [...toLookAt].map(({ topic, wish }) => `${topic.topic}-${wish.partition}`);
}

function answerOf(entry: SessionPartition, changes: Partial<PartitionAnswer> = {}) {
  return {
    partitionIndex: entry.wish.partition,
    errorCode: 0,
    highWatermark: 10,
    lastStableOffset: 10,
    logStartOffset: 0,
    records: Buffer.alloc(0),
    ...changes,
  };
}

/** Everything that is to be looked at is found to be so, and its partition is there. */
function findings(
  of: FetchSession,
  look: (entry: SessionPartition) => Partial<PartitionAnswer> & { bytes?: number } = () => ({}),
): Finding[] {
  return [...of.toLookAt].map((entry) => {
    const { bytes = 0, ...changes } = look(entry);
    entry.watched = {} as Partition;
    return { entry, answer: answerOf(entry, changes), recordBytes: bytes };
  });
}

function answered(of: FetchSession, found: readonly Finding[]): string[] {
  return of
    .answer(found, false)
    .flatMap(({ topic, partitions }) => partitions.map((p) => `${topic}-${p.partitionIndex}`));
}

test('epochs go on after the largest with 1, because 0 begins a session', () => {
  expect([0, 1, 2 ** 31 - 2, 2 ** 31 - 1].map(nextEpoch)).toEqual([1, 2, 2 ** 31 - 1, 1]);
});

describe('what a session holds', () => {
  test('new partitions come last, known ones keep their place and get the new wish', () => {
    const one = session();
    one.add([named('b', wish(1), wish(0)), named('a', wish(0))]);
    one.add([named('a', wish(1)), named('b', wish(1, 5))]);
    expect(toLookAt(one)).toEqual(['b-1', 'b-0', 'a-0', 'a-1']);
    expect(one.find(named('b'), 1)?.wish.fetchOffset).toBe(5);
    expect(one.size).toBe(4);
  });

  test('of a partition that is named twice, in one topic or in two, the last wish counts', () => {
    const one = session();
    one.add([named('a', wish(0, 1), wish(0, 2)), named('a', wish(0, 3))]);
    expect(one.size).toBe(1);
    expect(one.find(named('a'), 0)?.wish.fetchOffset).toBe(3);
  });

  test('forgetting what it does not hold does nothing', () => {
    const one = session();
    one.add([named('a', wish(0), wish(1))]);
    expect(one.forget([forgotten('a', 1, 1, 9, -1), forgotten('x', 0)])).toHaveLength(1);
    expect(toLookAt(one)).toEqual(['a-0']);
    expect(one.size).toBe(1);
    expect([...one.partitions()]).toHaveLength(1);
  });

  test('topics are told apart by name or by id, as the session was begun', () => {
    const byName = session();
    const byId = session(true);
    for (const one of [byName, byId]) {
      one.add([{ topic: '', topicId: 'x', partitions: [wish(0)] }]);
      one.add([{ topic: '', topicId: 'y', partitions: [wish(0)] }]);
    }
    expect([byName.size, byId.size]).toEqual([1, 2]);
  });
});

describe('what an answer says', () => {
  test('every new partition once, then only what has changed', () => {
    const one = session();
    one.add([named('a', wish(0, 10), wish(1, 10))]);
    expect(answered(one, findings(one))).toEqual(['a-0', 'a-1']);
    expect(toLookAt(one)).toEqual([]);
    one.moved(one.find(named('a'), 1)!);
    expect(answered(one, findings(one))).toEqual([]);
    one.moved(one.find(named('a'), 1)!);
    expect(
      answered(
        one,
        findings(one, () => ({ highWatermark: 11 })),
      ),
    ).toEqual(['a-1']);
    one.moved(one.find(named('a'), 0)!);
    expect(
      answered(
        one,
        findings(one, () => ({ logStartOffset: 3 })),
      ),
    ).toContain('a-0');
  });

  test('what the full answer told is not told again', () => {
    const one = session();
    one.add([named('a', wish(0, 10), wish(1, 10))]);
    const told = [...one.toLookAt].map((entry) => answerOf(entry));
    one.told([{ topic: 'a', partitions: told }]);
    expect(answered(one, findings(one))).toEqual([]);
  });

  test('an error is told every time, and when it is gone that is told too', () => {
    const one = session();
    one.add([named('a', wish(0, 10))]);
    answered(one, findings(one));
    one.moved(one.find(named('a'), 0)!);
    const broken = () => ({ errorCode: 56, highWatermark: -1, lastStableOffset: -1 });
    expect(answered(one, findings(one, broken))).toEqual(['a-0']);
    expect(answered(one, findings(one, broken))).toEqual(['a-0']);
    expect(answered(one, findings(one))).toEqual(['a-0']);
    expect(toLookAt(one)).toEqual([]);
  });

  test('a diverging epoch is told every time', () => {
    const one = session();
    one.add([named('a', wish(0, 10))]);
    const diverging = () => ({ divergingEpoch: { epoch: 1, endOffset: 5 } });
    expect(answered(one, findings(one, diverging))).toEqual(['a-0']);
    expect(answered(one, findings(one, diverging))).toEqual(['a-0']);
  });

  test('partitions that gave records go to the end, and those without their turn stay in front', () => {
    const one = session();
    one.add([named('a', wish(0), wish(1), wish(2))]);
    const first = findings(one, ({ wish }) => (wish.partition === 0 ? { bytes: 100 } : {}));
    expect(answered(one, first)).toEqual(['a-0', 'a-1', 'a-2']);
    expect(toLookAt(one)).toEqual(['a-1', 'a-2', 'a-0']);
    // The client names what it has read; the place stays.
    one.add([named('a', wish(0, 5))]);
    expect(toLookAt(one)).toEqual(['a-1', 'a-2', 'a-0']);
    answered(
      one,
      findings(one, ({ wish }) => (wish.partition === 1 ? { bytes: 100 } : {})),
    );
    expect(toLookAt(one)).toEqual(['a-2', 'a-0', 'a-1']);
  });

  test('records that a client does not acknowledge by a new offset are sent again', () => {
    const one = session();
    one.add([named('a', wish(0))]);
    expect(
      answered(
        one,
        findings(one, () => ({ bytes: 100 })),
      ),
    ).toEqual(['a-0']);
    expect(
      answered(
        one,
        findings(one, () => ({ bytes: 100 })),
      ),
    ).toEqual(['a-0']);
  });

  test('readers of committed records are at the end when they are at the last stable offset', () => {
    const one = session();
    one.add([named('a', wish(0, 8))]);
    one.answer(
      findings(one, () => ({ lastStableOffset: 8 })),
      true,
    );
    expect(toLookAt(one)).toEqual([]);
    one.add([named('a', wish(0, 8))]);
    one.answer(
      findings(one, () => ({ lastStableOffset: 8 })),
      false,
    );
    expect(toLookAt(one)).toEqual(['a-0']);
  });

  test('neighbours of one topic share an entry', () => {
    const one = session();
    one.add([named('a', wish(0)), named('b', wish(0)), named('a', wish(1))]);
    const topics = one.answer(findings(one), false);
    expect(topics.map(({ topic, partitions }) => [topic, partitions.length])).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 1],
    ]);
  });
});
