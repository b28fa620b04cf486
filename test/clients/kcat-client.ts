import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type {
  Client,
  ClientRecord,
  Codec,
  ConsumedRecord,
  From,
  JoinOptions,
  Member,
  MemberEvent,
  Stream,
} from './client.js';

/** What `kcat -J` prints for a record. */
interface KcatRecord {
  readonly partition: number;
  readonly offset: number;
  readonly ts: number;
  readonly key: string | null;
  readonly payload: string | null;
  /** Names and values in turn. */
  readonly headers?: readonly string[];
}

/** How kcat tells of eager and of cooperative rebalances. */
const REBALANCED =
  /rebalanced.*(assigned|revoked|assignment of \d+|revoke of \d+)(?: partition\(s\) \(.*\))?: ?(.*)/;
const KEY_DELIMITER = '\t';
/** kcat reads no more lines than these ahead of what is acknowledged. */
const STREAM_WINDOW = 50;

/** kcat, which is a process for each thing that it does. */
export function kcatClient(bootstrap: string): Client {
  const running = new Set<KcatProcess>();

  function start(args: readonly string[]): KcatProcess {
    const kcat = new KcatProcess(['-b', bootstrap, ...args]);
    running.add(kcat);
    void kcat.exited.then(() => running.delete(kcat));
    return kcat;
  }

  const noAdmin = (): Promise<never> => Promise.reject(new Error('kcat has no admin API'));

  return {
    administration: null,
    createTopic: noAdmin,
    describeTopic: noAdmin,
    deleteTopic: noAdmin,
    produce: async (topic, partition, codec, records) => {
      for (const run of alike(records)) {
        const kcat = start(produceArguments(topic, partition, codec, run[0]!));
        kcat.child.stdin.end(run.map(lineOf).join(''));
        await kcat.succeeded();
      }
    },
    consume: async (topic, partition, from, count) => {
      const records: ConsumedRecord[] = [];
      const place = ['-t', topic, '-p', String(partition), '-o', offsetArgument(from)];
      const kcat = start(['-C', ...place, '-c', String(count), '-J', '-q']);
      kcat.onLine((line) => records.push(consumed(JSON.parse(line) as KcatRecord)));
      await kcat.succeeded();
      return records;
    },
    join: async (options) => member(start(groupArguments(options)), options),
    stream: async (topic) => stream(start(streamArguments(topic))),
    close: async () => {
      await Promise.all([...running].map((kcat) => kcat.kill()));
    },
  };
}

class KcatProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves with the exit code, null after a signal. */
  readonly exited: Promise<number | null>;
  readonly #args: readonly string[];
  #errors = '';
  #watchers: (() => void)[] = [];
  #code: number | null | undefined;

  constructor(args: readonly string[]) {
    this.#args = args;
    this.child = spawn('kcat', [...args]);
    this.child.stdin.on('error', () => {});
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-8192);
    });
    this.exited = once(this.child, 'close').then(([code]) => {
      this.#code = code;
      this.changed();
      return code;
    });
  }

  onLine(handle: (line: string) => void): void {
    createInterface({ input: this.child.stdout }).on('line', handle);
  }

  onErrorLine(handle: (line: string) => void): void {
    createInterface({ input: this.child.stderr }).on('line', handle);
  }

  /** Asks those who wait again. */
  changed(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  /** Resolves when `done` returns true; rejects when it ends before that. */
  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.#code !== undefined) throw this.#ended();
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** Resolves when it has ended well. */
  async succeeded(): Promise<void> {
    if ((await this.exited) !== 0) throw this.#ended();
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.child.kill(signal);
    await this.exited;
  }

  #ended(): Error {
    return new Error(`kcat ${this.#args.join(' ')} ended with ${this.#code}: ${this.#errors}`);
  }
}

function member(kcat: KcatProcess, { strategy, limit }: JoinOptions): Member {
  const events: MemberEvent[] = [];
  const assigned = new Set<number>();
  const tell = (event: MemberEvent): void => {
    events.push(event);
    kcat.changed();
  };
  kcat.onLine((line) => {
    const { partition, offset, payload } = JSON.parse(line) as KcatRecord;
    tell({ event: 'record', partition, offset, value: payload });
  });
  kcat.onErrorLine((line) => {
    if (/fenced/i.test(line)) tell({ event: 'fenced', reason: line });
    const [, change, list = ''] = REBALANCED.exec(line) ?? [];
    if (change === undefined) return;
    const partitions = [...list.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number));
    const revoked = change.startsWith('revoke');
    if (revoked) tell({ event: 'revoked', partitions });
    for (const partition of partitions) {
      if (revoked) assigned.delete(partition);
      else assigned.add(partition);
    }
    if (!revoked || strategy === 'cooperative-sticky') {
      tell({ event: 'assigned', partitions: [...assigned] });
    }
  });
  return {
    events,
    until: (done) => kcat.until(() => done(events)),
    commit: () => Promise.reject(new Error('kcat commits when it leaves')),
    leave: async () => {
      // With a limit it leaves by itself.
      if (limit === undefined) kcat.child.kill('SIGTERM');
      await kcat.exited;
    },
    kill: () => kcat.kill(),
  };
}

function stream(kcat: KcatProcess): Stream {
  let acked = 0;
  let written = 0;
  let stopped = false;
  kcat.onErrorLine((line) => {
    if (!line.includes('Message delivered')) return;
    acked++;
    kcat.changed();
  });
  const { stdin } = kcat.child;
  // kcat reads as fast as its window allows, and the pipe holds the rest back.
  const write = (): void => {
    while (!stopped && stdin.write(`${written++}\n`));
  };
  stdin.on('drain', write);
  write();
  return {
    get acked() {
      return acked;
    },
    untilAcked: (count) => kcat.until(() => acked >= count),
    stop: async () => {
      stopped = true;
      stdin.end();
      await kcat.succeeded();
      if (acked !== written) throw new Error(`kcat delivered ${acked} of ${written} records`);
      return acked;
    },
  };
}

function produceArguments(
  topic: string,
  partition: number,
  codec: Codec,
  { headers, value }: ClientRecord,
): string[] {
  const arguments_ = ['-P', '-t', topic, '-p', String(partition), '-z', codec, '-K', KEY_DELIMITER];
  for (const [name, text] of headers) arguments_.push('-H', `${name}=${text}`);
  if (value === null) arguments_.push('-Z');
  return arguments_;
}

function groupArguments({
  group,
  topic,
  strategy = 'eager',
  instanceId,
  sessionTimeoutMs = 30_000,
  limit,
  commitOnLeave = false,
}: JoinOptions): string[] {
  const settings = {
    'session.timeout.ms': sessionTimeoutMs,
    'heartbeat.interval.ms': 200,
    'fetch.wait.max.ms': 100,
    'auto.offset.reset': 'earliest',
    'enable.auto.commit': commitOnLeave,
    'partition.assignment.strategy': strategy === 'eager' ? 'range' : strategy,
    'reconnect.backoff.ms': 50,
    'reconnect.backoff.max.ms': 200,
    ...(instanceId === undefined ? {} : { 'group.instance.id': instanceId }),
  };
  const bound = limit === undefined ? [] : ['-c', String(limit)];
  return ['-J', '-u', '-E', ...bound, ...settingArguments(settings), '-G', group, topic];
}

function streamArguments(topic: string): string[] {
  const settings = {
    'enable.idempotence': true,
    'queue.buffering.max.messages': STREAM_WINDOW,
    'linger.ms': 0,
    'reconnect.backoff.ms': 50,
    'reconnect.backoff.max.ms': 200,
  };
  return ['-P', '-t', topic, '-p', '0', '-E', '-vvv', ...settingArguments(settings)];
}

function settingArguments(settings: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(settings).flatMap(([key, value]) => ['-X', `${key}=${value}`]);
}

function offsetArgument(from: From): string {
  if (from === 'beginning') return from;
  return 'offset' in from ? String(from.offset) : `s@${from.timestamp}`;
}

/**
 * Consecutive records that one call of kcat can produce: it has its headers, and its way with empty
 * values, for all of them.
 */
function alike(records: readonly ClientRecord[]): ClientRecord[][] {
  const kind = ({ headers, value }: ClientRecord): string =>
    JSON.stringify([headers, value === null]);
  const runs: ClientRecord[][] = [];
  for (const record of records) {
    const last = runs.at(-1);
    if (last !== undefined && kind(last[0]!) === kind(record)) last.push(record);
    else runs.push([record]);
  }
  return runs;
}

function lineOf({ key, value }: ClientRecord): string {
  return `${key === null ? '' : key + KEY_DELIMITER}${value ?? ''}\n`;
}

function consumed({ key, payload, offset, ts, headers = [] }: KcatRecord): ConsumedRecord {
  const pairs: [string, string][] = [];
  for (let index = 0; index < headers.length; index += 2) {
    pairs.push([headers[index]!, headers[index + 1]!]);
  }
  return { key, value: payload, headers: pairs, offset, timestamp: ts };
}
