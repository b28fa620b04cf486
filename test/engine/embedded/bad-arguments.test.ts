import { expect, test } from 'vitest';
import {
  ENGINE_ERRORS,
  type Engine,
  EngineError,
  type EventLog,
  openEngine,
} from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { engineAt } from './open-logs.js';

/** Values that a program may hand over by mistake. */
const GARBAGE: readonly unknown[] = [
  undefined,
  null,
  true,
  '',
  'text',
  '5',
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 60,
  1n,
  Symbol('s'),
  () => {},
  {},
  [],
  [null],
  [[]],
  new Map([[1, 2]]),
  new Date(Number.NaN),
  Object.create(null),
  Buffer.from('bytes'),
  new Uint16Array(3),
];

/** Garbage, and objects that have it under the names of options and fields. */
function argumentsOf(names: readonly string[]): unknown[] {
  const objects = names.flatMap((name) => GARBAGE.map((value) => ({ [name]: value })));
  return [...GARBAGE, ...objects, { noSuchOption: 1 }];
}

type Call = (log: EventLog<unknown, unknown>, argument: never) => unknown;

const taken = async (records: AsyncIterator<unknown>): Promise<void> => {
  const next = records.next();
  await records.return!();
  await next;
};

const CALLS: Readonly<Record<string, { names?: readonly string[]; call: Call }>> = {
  append: {
    names: ['key', 'value', 'headers', 'timestamp'],
    call: (log, argument) => log.append(argument),
  },
  'append, a field beside a value': {
    names: ['key', 'headers', 'timestamp'],
    call: (log, argument) => log.append({ value: 'v', ...(argument as object) }),
  },
  'append, options': {
    names: ['expectedOffset'],
    call: (log, argument) => log.append({ value: 'v' }, argument),
  },
  appendBatch: { call: (log, argument) => log.appendBatch(argument) },
  'appendBatch, options': {
    names: ['expectedOffset'],
    call: (log, argument) => log.appendBatch(Buffer.alloc(61), argument),
  },
  read: {
    names: ['offset', 'maxBytes', 'signal'],
    call: (log, argument) => log.read(argument),
  },
  'read, an option beside an offset': {
    names: ['maxBytes', 'signal'],
    call: (log, argument) => log.read({ offset: 0, ...(argument as object) }),
  },
  get: { call: (log, argument) => log.get(argument) },
  follow: {
    names: ['from', 'live', 'signal'],
    call: (log, argument) => taken(log.follow(argument)),
  },
  records: {
    names: ['from', 'to', 'reverse', 'signal'],
    call: (log, argument) => taken(log.records(argument)),
  },
  offsetForTimestamp: { call: (log, argument) => log.offsetForTimestamp(argument) },
  deleteBefore: { call: (log, argument) => log.deleteBefore(argument) },
  truncate: { call: (log, argument) => log.truncate(argument) },
};

/** What a call throws or rejects with; null where it does neither. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return null;
  } catch (error) {
    return error;
  }
}

function assertKnown(failure: unknown, what: string, argument: unknown): void {
  if (failure === null) return;
  const isKnown = failure instanceof EngineError && failure.code in ENGINE_ERRORS;
  const stack = failure instanceof Error ? failure.stack : String(failure);
  if (!isKnown) expect.fail(`${what} of ${JSON.stringify(argument) ?? typeof argument}: ${stack}`);
}

test.each(Object.entries(CALLS))(
  '%s answers garbage with a code',
  async (name, { names, call }) => {
    const engine = await engineAt(temporaryFolder());
    let refused = 0;
    for (const valueEncoding of ['buffer', 'json'] as const) {
      const log = (await engine.log(`log-${valueEncoding}`, {
        valueEncoding: valueEncoding as 'json',
        flush: 'os',
      })) as EventLog<unknown, unknown>;
      await log.append({ value: '{}' });
      for (const argument of argumentsOf(names ?? [])) {
        const failure = await failureOf(() => call(log, argument as never));
        assertKnown(failure, name, argument);
        if (failure !== null) refused++;
      }
      // The log has come through all of it.
      expect(await log.append({ value: '{}' })).toMatchObject({ lastOffset: log.endOffset - 1 });
    }
    expect(refused).toBeGreaterThan(GARBAGE.length / 2);
  },
);

test('engine.log answers garbage with a code, as name and as every option', async () => {
  const engine = await engineAt(temporaryFolder());
  const options = ['codec', 'valueEncoding', 'topicId', 'flush', 'retentionMs', 'segmentBytes'];
  options.push('compacted', 'minCleanableDirtyRatio', 'timestampType', 'maxBatchBytes');
  const open = (name: unknown, given?: unknown) =>
    failureOf(async () => {
      const log = await (engine as Engine).log(name as string, given as object);
      await log.close();
    });
  for (const name of GARBAGE) assertKnown(await open(name), 'log', name);
  for (const given of argumentsOf(options)) assertKnown(await open('events', given), 'log', given);
});

test('openEngine answers garbage with a code, as path and as every option', async () => {
  const open = (path: unknown, given?: unknown) =>
    failureOf(async () => {
      const engine = await openEngine(path as string, given as object);
      await engine.close();
    });
  for (const path of GARBAGE) {
    if (typeof path === 'string' && path !== '') continue;
    const failure = await open(path);
    expect(failure, String(typeof path)).toBeInstanceOf(EngineError);
    assertKnown(failure, 'openEngine', path);
  }
  const options = ['disk', 'clock', 'random', 'jobs', 'locker', 'logger', 'openCatalog', 'slices'];
  options.push('compaction', 'gatherWrites', 'descriptorsOpenMax');
  const isSeam = (value: unknown): boolean => typeof value === 'object' && value !== null;
  for (const name of options) {
    for (const value of GARBAGE) {
      if (isSeam(value) || typeof value === 'function') continue;
      const failure = await open(temporaryFolder(), { [name]: value });
      assertKnown(failure, `openEngine, ${name}`, value);
    }
  }
  for (const given of GARBAGE)
    assertKnown(await open(temporaryFolder(), given), 'openEngine', given);
});
