import { beforeEach, describe, expect, test } from 'vitest';
import { coordinatorPartition } from '../../../server/metadata/coordinator-for.js';
import { type MemoryBroker, memoryBroker, turns } from '../../support/memory-broker.js';
import type { MemoryLog } from '../../support/memory-log.js';
import {
  TOY_TOPIC,
  type ToyCoordinator,
  type ToyState,
  toyCoordinator,
} from './toy-coordinator.js';

const LOADING = { code: 'COORDINATOR_LOAD_IN_PROGRESS' };
const NOT_COORDINATOR = { code: 'NOT_COORDINATOR' };

let broker: MemoryBroker;
let toy: ToyCoordinator;

beforeEach(async () => {
  broker = await memoryBroker();
  toy = toyCoordinator(broker);
  await toy.shards.start();
});

/** A name of each of the four shards, by index. */
const NAMES = [0, 1, 2, 3].map(
  (index) => [...'abcdefgh'].find((name) => coordinatorPartition(name, 4) === index)!,
);
const NAME = NAMES[2]!;
const OTHER = NAMES[3]!;

function stateOf(name: string, of = toy): ToyState {
  return of.shards.find(name)!;
}

async function put(name: string, number: number, of = toy): Promise<void> {
  await (of.shards.find(name) ?? (await of.shards.findOrCreate(name))).put(name, number);
}

/** Another runtime on the same partitions, as after a restart. */
async function restarted(): Promise<ToyCoordinator> {
  const next = toyCoordinator(broker);
  await next.shards.start();
  return next;
}

function logOf(name: string): MemoryLog {
  return broker.engine.log(TOY_TOPIC, coordinatorPartition(name, 4));
}

/** Reads of a log wait until the function that is returned is called. */
function holdReads(log: MemoryLog): () => void {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const read = log.read.bind(log);
  log.read = (request) => {
    const result = read(request);
    const { slice } = result;
    if (slice === null) return result;
    const bytes = async () => {
      await gate;
      return slice.bytes();
    };
    return { ...result, slice: { bytes, release: () => slice.release() } as never };
  };
  return () => {
    log.read = read;
    release();
  };
}

describe('the topic of a coordinator', () => {
  test('is created on first need, compacted, and holds each key in its partition', async () => {
    expect(toy.topic.image).toBeUndefined();
    expect(toy.shards.find(NAME)).toBeNull();
    await Promise.all(NAMES.map((name, number) => put(name, number)));
    expect(toy.topic.image).toMatchObject({
      overrides: { 'cleanup.policy': 'compact', 'segment.bytes': '1048576' },
    });
    for (const name of NAMES) expect(logOf(name).logEndOffset).toBe(1);
    const next = await restarted();
    expect(NAMES.map((name) => stateOf(name, next).numbers)).toEqual(
      NAMES.map((name, number) => new Map([[name, number]])),
    );
  });

  test('takes every state with it when it is deleted, and comes back on need', async () => {
    await put(NAME, 1);
    const state = stateOf(NAME);
    await broker.call('DeleteTopics', 5, { topicNames: [TOY_TOPIC], timeoutMs: 1000 });
    expect(state.isForgotten).toBe(true);
    expect(toy.shards.find(NAME)).toBeNull();
    await put(NAME, 2);
    expect(stateOf(NAME).numbers).toEqual(new Map([[NAME, 2]]));
    await expect(state.put(NAME, 3)).rejects.toMatchObject(NOT_COORDINATOR);
  });
});

describe('before it was started, a runtime', () => {
  test('refuses everything as loading', async () => {
    const next = toyCoordinator(broker);
    expect(() => next.shards.find(NAME)).toThrow(expect.objectContaining(LOADING));
    expect(() => [...next.shards.all()]).toThrow(expect.objectContaining(LOADING));
  });
});

describe('a shard that loads', () => {
  test('refuses what is its own, and the list of all; others serve', async () => {
    await put(NAME, 1);
    await put(OTHER, 2);
    const release = holdReads(logOf(NAME));
    const next = toyCoordinator(broker);
    const starting = next.shards.start();
    await turns();
    expect(() => next.shards.find(NAME)).toThrow(expect.objectContaining(LOADING));
    expect(() => [...next.shards.all()]).toThrow(expect.objectContaining(LOADING));
    expect([...next.shards.serving()]).toHaveLength(3);
    await put(OTHER, 3, next);
    expect(stateOf(OTHER, next).numbers.get(OTHER)).toBe(3);
    release();
    await starting;
    expect(stateOf(NAME, next).numbers.get(NAME)).toBe(1);
    expect([...next.shards.all()]).toHaveLength(4);
  });

  test('ends its load without effect when it is to follow, and gives back what it read', async () => {
    await put(NAME, 1);
    await toy.shards.follow(2);
    const release = holdReads(logOf(NAME));
    const leading = toy.shards.lead(2, 1);
    await turns();
    const state = toy.states.at(-1)!;
    await toy.shards.follow(2);
    release();
    await leading;
    expect(state).toMatchObject({ isLoaded: false, isForgotten: true, numbers: new Map() });
    expect(() => toy.shards.find(NAME)).toThrow(expect.objectContaining(NOT_COORDINATOR));
  });

  test('waits for what has its place in the log and is not written yet', async () => {
    await put(NAME, 1);
    const log = logOf(NAME);
    log.holding = true;
    const write = stateOf(NAME).put(NAME, 2);
    const failed = expect(write).rejects.toMatchObject(NOT_COORDINATOR);
    await turns();
    // As in a file: what is staged is not read.
    const read = log.read.bind(log);
    log.read = (request) => read({ ...request, isolation: 'high-watermark' });
    await toy.shards.lead(2, 1);
    await failed;
    expect(stateOf(NAME).numbers.get(NAME)).toBe(2);
  });

  test('is overtaken by a later epoch, whose state it is', async () => {
    await put(NAME, 1);
    const release = holdReads(logOf(NAME));
    const first = toy.shards.lead(2, 1);
    await turns();
    const overtaken = toy.states.at(-1)!;
    const second = toy.shards.lead(2, 2);
    release();
    await Promise.all([first, second]);
    expect(overtaken).toMatchObject({ isLoaded: false, isForgotten: true });
    expect(stateOf(NAME)).toBe(toy.states.at(-1));
    expect(stateOf(NAME).term.epoch).toBe(2);
    expect(stateOf(NAME).numbers.get(NAME)).toBe(1);
    await toy.shards.lead(2, 2);
    await toy.shards.lead(2, 1);
    expect(stateOf(NAME).term.epoch).toBe(2);
  });
});

describe('a shard that follows', () => {
  test('refuses what is its own; others serve', async () => {
    await put(NAME, 1);
    const state = stateOf(NAME);
    await toy.shards.follow(2);
    expect(() => toy.shards.find(NAME)).toThrow(expect.objectContaining(NOT_COORDINATOR));
    await expect(state.put(NAME, 2)).rejects.toMatchObject(NOT_COORDINATOR);
    expect(() => state.term.append([], 0)).toThrow(expect.objectContaining(NOT_COORDINATOR));
    await put(OTHER, 3);
    expect([...toy.shards.all()]).toHaveLength(3);
    expect(logOf(NAME).logEndOffset).toBe(1);
  });

  test('fails writes under way, and whoever waits for them, and leads anew with what they left in the log', async () => {
    await put(NAME, 1);
    const log = logOf(NAME);
    log.holding = true;
    const state = stateOf(NAME);
    const writes = [state.put(NAME, 2), state.put(NAME, 3)];
    const failures = Promise.all(
      writes.map((write) => expect(write).rejects.toMatchObject(NOT_COORDINATOR)),
    );
    const settled = state.term.settled(NAME);
    await turns();
    expect(log.logEndOffset).toBe(3);
    await toy.shards.follow(2);
    await failures;
    await settled;
    const leading = toy.shards.lead(2, 1);
    log.holding = false;
    log.sync();
    await leading;
    await turns();
    expect(state.numbers.get(NAME)).toBe(1);
    expect(stateOf(NAME).numbers.get(NAME)).toBe(3);
  });

  test('gives records no place that were not in the log yet', async () => {
    await put(NAME, 1);
    const state = stateOf(NAME);
    let give = (_: { name: string; number: number }[]): void => {};
    const records = new Promise<{ name: string; number: number }[]>((resolve) => {
      give = resolve;
    });
    const write = state.term.write(NAME, records, 0, () => {});
    const failed = expect(write).rejects.toMatchObject(NOT_COORDINATOR);
    await toy.shards.follow(2);
    await failed;
    await toy.shards.lead(2, 1);
    give([{ name: NAME, number: 2 }]);
    await turns();
    expect(logOf(NAME).logEndOffset).toBe(1);
  });

  test('answers whoever waits, and lets no deadline fall due', async () => {
    await put(NAME, 1);
    await put(OTHER, 1);
    const [state, other] = [stateOf(NAME), stateOf(OTHER)];
    const waiting = new Promise<string>((resolve) => state.waiting.add(resolve));
    for (const each of [state, other]) each.setAlarm('rings', broker.clock.monotonicMs() + 1000);
    await toy.shards.follow(2);
    expect(await waiting).toBe('NOT_COORDINATOR');
    broker.clock.advance(2000);
    expect(state.rung).toEqual([]);
    expect(other.rung).toEqual(['rings']);
  });

  test('as soon as the metadata says so, and leads again in a later epoch', async () => {
    await put(NAME, 1);
    const { nodeId } = broker.settings;
    toy.metadata.move(2, nodeId + 1, 1);
    expect(() => toy.shards.find(NAME)).toThrow(expect.objectContaining(NOT_COORDINATOR));
    await put(OTHER, 1);
    const other = stateOf(OTHER);
    toy.metadata.move(2, nodeId, 2);
    await turns();
    expect(stateOf(NAME).numbers.get(NAME)).toBe(1);
    expect(stateOf(NAME).term.epoch).toBe(2);
    expect(stateOf(OTHER)).toBe(other);
  });
});

describe('a shard whose log cannot be read', () => {
  test('refuses what is its own and says how to save it; others serve', async () => {
    await put(NAME, 1);
    await put(OTHER, 2);
    const batch = logOf(NAME).batches[0]!;
    const end = batch.length - 1;
    batch[end] = batch[end]! ^ 1;
    const next = await restarted();
    expect(() => next.shards.find(NAME)).toThrow(expect.objectContaining(NOT_COORDINATOR));
    expect(stateOf(OTHER, next).numbers.get(OTHER)).toBe(2);
    expect([...next.shards.all()]).toHaveLength(3);
    expect(next.lines).toEqual([
      expect.stringMatching(/^the numbers of toy-state-2 .* odradek repair-log .*toy-state-2/),
    ]);
    const damaged = next.states.find(({ term }) => term.index === 2)!;
    expect(damaged).toMatchObject({ isLoaded: false, isForgotten: true });
    batch[end] = batch[end]! ^ 1;
    await next.shards.lead(2, 1);
    expect(stateOf(NAME, next).numbers.get(NAME)).toBe(1);
  });
});

describe('writes of a key', () => {
  test('take effect in the order of the calls, whichever is ready first', async () => {
    await put(NAME, 0);
    const state = stateOf(NAME);
    const order: number[] = [];
    const late = turns(3).then(() => [{ name: NAME, number: 1 }]);
    const writes = [
      state.term.write(NAME, late, 0, () => turns(2).then(() => order.push(1))),
      state.term.write(NAME, [{ name: NAME, number: 2 }], 0, () => order.push(2)),
      state.term.write('another', [{ name: 'another', number: 3 }], 0, () => order.push(3)),
    ];
    await state.term.settled(NAME);
    expect(order).toEqual([3, 1, 2]);
    await Promise.all(writes);
    expect(stateOf(NAME, await restarted()).numbers.get(NAME)).toBe(2);
  });

  test('fail alone', async () => {
    await put(NAME, 0);
    const state = stateOf(NAME);
    const broken = state.term.write(NAME, Promise.reject(new Error('no records')), 0, () => {});
    const failed = expect(broken).rejects.toThrow('no records');
    await state.put(NAME, 1);
    await failed;
    expect(state.numbers.get(NAME)).toBe(1);
  });
});

test('a runtime that was stopped lets no deadline fall due and loads nothing', async () => {
  await put(NAME, 1);
  const state = stateOf(NAME);
  state.setAlarm('rings', broker.clock.monotonicMs() + 1000);
  toy.shards.stop();
  broker.clock.advance(2000);
  expect(state.rung).toEqual([]);
  await toy.shards.follow(2);
  await toy.shards.lead(2, 1);
  expect(() => toy.shards.find(NAME)).toThrow(expect.objectContaining(NOT_COORDINATOR));
});
