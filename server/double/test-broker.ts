import type { Clock, ValueEncoding } from '../../engine/index.js';
import type { Broker, Endpoint } from '../broker/broker.js';
import type { BrokerInside } from '../broker/inside.js';
import { SERVER_LIMITS } from '../limits.js';
import type { HandleRefs } from '../net/transport/handle-refs.js';
import { formatEndpoint, isWildcard } from '../settings/listeners.js';
import type { AdvanceableClock } from '../testing/advanceable-clock.js';
import type { Changes } from '../testing/changes.js';
import type { RequestFaults } from '../testing/faults.js';
import type { RequestFilter, RequestLog, TrackedRequest } from '../testing/request-log.js';
import type { BrokerRecord } from './broker-record.js';
import {
  type ConditionWorld,
  type GroupCondition,
  groupCondition,
  type RecordsCondition,
  type RequestsCondition,
  recordsCondition,
  requestsCondition,
  seenRequests,
} from './conditions.js';
import { assertFilter, assertOptions } from './options.js';
import {
  endOffsets,
  type Offsets,
  type RecordsQuery,
  recordsBehind,
  recordsOfTopic,
} from './records.js';
import { resetBroker } from './reset.js';
import type { RunningBroker } from './running-broker.js';
import { type SeedTopics, seed } from './seed.js';
import { TestBrokerError } from './test-broker-error.js';
import { logOfTopic, type TopicLogOptions } from './topic-log.js';
import { type Awaited, type UntilOptions, waitUntil } from './until.js';

/** A broker, and the way to silence it. */
export interface OpenedBroker {
  readonly broker: Broker;
  mute(): void;
}

/** What outlives a broker that is killed and started again. */
export interface TestBrokerParts {
  readonly clock: AdvanceableClock;
  /** Real time. */
  readonly realClock: Clock;
  readonly faults: RequestFaults;
  readonly changes: Changes;
  readonly requests: RequestLog;
  readonly handleRefs: HandleRefs;
  /** Whether the broker keeps the process alive, until `ref` or `unref` is called. */
  readonly keepsAlive: boolean;
  readonly topics: SeedTopics;
  /** Only then `reset` may delete all topics. */
  readonly isTemporary: boolean;
  /** Whether the engine is the program's, which no broker ends. */
  readonly isGuest: boolean;
  /** Opens the directory again, with the endpoints that it had. */
  open(endpoints: readonly Endpoint[]): Promise<OpenedBroker>;
  /** Called once, when everything is closed. */
  cleanUp(): Promise<void>;
}

type Condition =
  | RecordsCondition
  | RequestsCondition
  | GroupCondition
  | ((broker: RunningBroker) => unknown);

const FILTER = ['api', 'topic', 'clientId', 'group'];

/** The broker of `startBroker`, and what tests may ask of it. */
export class TestBroker implements RunningBroker {
  readonly bootstrap: string;
  readonly port: number;
  readonly dataDir: string;
  readonly clusterId: string;
  readonly clock: AdvanceableClock;
  readonly faults: RequestFaults;
  readonly #parts: TestBrokerParts;
  readonly #world: ConditionWorld;
  #keepsAlive: boolean;
  readonly #endpoints: readonly Endpoint[];
  /** Null while the broker is down. */
  #opened: OpenedBroker | null;
  /** Changes of state under way, which keep the process alive. */
  #changes = 0;
  /** The last change of state; the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve();
  /** The ends of all partitions when clients could begin. */
  #begun: Offsets = new Map();
  #closing: Promise<void> | null = null;
  #tellClosed: () => void = () => {};
  readonly #closed = new Promise<void>((resolve) => {
    this.#tellClosed = resolve;
  });

  constructor(opened: OpenedBroker, parts: TestBrokerParts) {
    const { broker } = opened;
    const [first] = broker.endpoints;
    const host = first === undefined || isWildcard(first.host) ? 'localhost' : first.host;
    this.port = first?.port ?? 0;
    this.bootstrap = formatEndpoint('', host, this.port).slice('://'.length);
    this.dataDir = broker.dataDir;
    this.clusterId = broker.clusterId;
    this.clock = parts.clock;
    this.faults = parts.faults;
    this.#opened = opened;
    this.#endpoints = broker.endpoints;
    this.#parts = parts;
    this.#keepsAlive = parts.keepsAlive;
    this.#world = { inside: () => this.#inside(), requests: parts.requests };
  }

  /** May be handed over without its broker, as `afterEach(broker.close)` does. */
  readonly close = (): Promise<void> => this.end(SERVER_LIMITS.drainMs);

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  ref(): this {
    this.#keepsAlive = true;
    this.settle();
    return this;
  }

  unref(): this {
    this.#keepsAlive = false;
    this.settle();
    return this;
  }

  /** Lets the process end or stay, as was asked for; until then, and in a change, it stays. */
  settle(): void {
    const { handleRefs } = this.#parts;
    if (this.#keepsAlive || this.#changes > 0) handleRefs.ref();
    else handleRefs.unref();
  }

  /** Creates the topics that it is to begin with. */
  async seed(): Promise<void> {
    const inside = this.#inside();
    await seed(inside, this.#parts.topics, this.clock);
    this.#begun = endOffsets(inside);
  }

  async records(topic: string, query?: RecordsQuery): Promise<never> {
    return (await recordsOfTopic(this.#inside(), topic, query)) as never;
  }

  log(topic: string, partition = 0, options: TopicLogOptions<ValueEncoding> = {}): never {
    const inside = this.#inside();
    const { engine } = this.#opened!.broker;
    return logOfTopic({ inside, engine }, topic, partition, options) as never;
  }

  async produced(): Promise<Record<string, BrokerRecord[]>> {
    return recordsBehind(this.#inside(), this.#begun);
  }

  requests(filter: RequestFilter = {}): TrackedRequest[] {
    assertOptions('requests', filter, FILTER);
    assertFilter(filter);
    return this.#parts.requests.find(filter);
  }

  async until(condition: Condition, options: UntilOptions = {}): Promise<never> {
    assertOptions('until', options, ['timeoutMs', 'signal']);
    this.#assertOpen();
    const { changes, realClock, requests } = this.#parts;
    const world = {
      changes,
      clock: realClock,
      closed: this.#closed,
      seen: () => seenRequests(requests),
    };
    const { look, missing } = this.#awaited(condition);
    const awaited = {
      look: () => (this.#opened === null ? null : look()),
      missing: () => (this.#opened === null ? 'the broker is down' : missing()),
    };
    return (await waitUntil(world, awaited, options)) as never;
  }

  reset(): Promise<void> {
    return this.#alone(async () => {
      const { isTemporary, requests } = this.#parts;
      const inside = this.#inside();
      if (!isTemporary) {
        throw new TestBrokerError(
          'RESET_REFUSED',
          'reset deletes every topic, and this broker has a dataDir of its own: start it without',
        );
      }
      this.faults.clear();
      this.clock.resetWall();
      await resetBroker(inside);
      await this.seed();
      requests.clear();
    });
  }

  kill(): Promise<void> {
    return this.#alone(async () => {
      this.#assertOpen();
      this.#assertHost('kill');
      const opened = this.#opened;
      if (opened === null) return;
      this.#opened = null;
      const { broker, mute } = opened;
      mute();
      // From here on nothing is written: the next start finds the files as they are now.
      broker.engine.takeOffline('the broker was killed', new Error('killed by a test'));
      await broker.close({ drainMs: 0 }).catch(() => {});
    });
  }

  restart(): Promise<void> {
    return this.#alone(async () => {
      this.#assertOpen();
      this.#assertHost('restart');
      const before = this.#opened;
      this.#opened = null;
      await before?.broker.close({ drainMs: 0 });
      this.#opened = await this.#parts.open(this.#endpoints);
      this.#parts.changes.note();
    });
  }

  /** Closes the broker, giving requests under way up to `drainMs`. Another call changes nothing. */
  end(drainMs: number): Promise<void> {
    this.#tellClosed();
    const close = async (): Promise<void> => {
      try {
        await this.#opened?.broker.close({ drainMs });
      } finally {
        await this.#parts.cleanUp();
      }
    };
    // It begins within the call, unless another change is under way.
    const isAlone = this.#changes === 0;
    this.#closing ??= this.#lively(isAlone ? close : () => this.#last.then(close));
    return this.#closing;
  }

  #alone(change: () => Promise<void>): Promise<void> {
    const mine = this.#lively(() => this.#last.then(change));
    this.#last = mine.catch(() => {});
    return mine;
  }

  /** A process that waits for a change alone must not end in the middle of it. */
  async #lively(change: () => Promise<void>): Promise<void> {
    const alive = setInterval(() => {}, SERVER_LIMITS.untilMs);
    this.#changes += 1;
    this.settle();
    try {
      await change();
    } finally {
      clearInterval(alive);
      this.#changes -= 1;
      this.settle();
    }
  }

  #awaited(condition: Condition): Awaited<unknown> {
    if (typeof condition === 'function') {
      return {
        look: async () => (await condition(this)) || null,
        missing: () => 'the condition has not come true',
      };
    }
    const { group, api } = (condition ?? {}) as Partial<GroupCondition & RequestsCondition>;
    if (api !== undefined) return requestsCondition(this.#world, condition as RequestsCondition);
    if (group !== undefined) return groupCondition(this.#world, condition as GroupCondition);
    return recordsCondition(this.#world, condition as RecordsCondition);
  }

  #assertHost(what: string): void {
    if (!this.#parts.isGuest) return;
    throw new TestBrokerError(
      'RESET_REFUSED',
      `${what} ends an engine, and this one is the program's: close the broker, and start another`,
    );
  }

  /** Throws BROKER_CLOSED and BROKER_DOWN. */
  #inside(): BrokerInside {
    this.#assertOpen();
    if (this.#opened !== null) return this.#opened.broker.inside;
    throw new TestBrokerError('BROKER_DOWN', 'the broker was killed: restart() it first');
  }

  #assertOpen(): void {
    if (this.#closing === null) return;
    throw new TestBrokerError('BROKER_CLOSED', 'the broker is closed: start another one');
  }
}
