import type { Clock, Engine, EngineOptions, WorkMeter } from '../../engine/index.js';
import type { FetchSessionCounters } from '../fetching/fetch-sessions.js';
import type { Logger } from '../logging/log.js';
import type { HandleRefs } from '../net/transport/handle-refs.js';
import type { Network } from '../net/transport/network.js';
import type { Authorizer, Quota } from '../request/admission.js';
import type { RequestCounters } from '../request/request-counters.js';
import type { BrokerSettings } from '../settings/broker-settings.js';
import type { SettingTexts } from '../settings/topic-settings.js';
import type { RequestFaults } from '../testing/faults.js';
import type { Observer } from '../testing/observer.js';
import type { NarrowApi } from '../testing/pinned-versions.js';
import type { BrokerInside } from './inside.js';
import type { CloseOptions } from './room.js';

/**
 * The options of a broker. Everything that comes from its surroundings has a default: that of the
 * machine.
 */
export interface BrokerOptions
  extends Pick<
    EngineOptions,
    'clock' | 'random' | 'disk' | 'jobs' | 'locker' | 'openCatalog' | 'onProgress'
  > {
  readonly settings: BrokerSettings;
  /**
   * The engine whose logs are served; its owner closes it, behind the broker. Default: one that is
   * opened on the first of `log.dirs`, and closed with the broker.
   */
  readonly engine?: Engine | undefined;
  /** The keys that were set at the start, as text. */
  readonly brokerStatic: SettingTexts;
  readonly logger: Logger;
  readonly network?: Network;
  /**
   * Decides whether listeners and connections of the machine's network keep the process alive.
   * Default: they do.
   */
  readonly handleRefs?: HandleRefs;
  /** The clock of connections: their deadlines concern real clients. Default: `clock`. */
  readonly networkClock?: Clock;
  /** Counts the work of each turn of the event loop. Default: not counted. */
  readonly meter?: WorkMeter;
  /** Default: every client may do everything. */
  readonly authorizer?: Authorizer;
  /** Default: no limit. */
  readonly quota?: Quota;
  /** Faults in front of the handlers, behind admission. Default: none. */
  readonly faults?: RequestFaults;
  /** Leaves APIs out, or serves fewer versions of them. Default: all are served. */
  readonly narrowApi?: NarrowApi | undefined;
  /** Told of every request and of every move of a partition. Default: none. */
  readonly observer?: Observer;
}

/** One bound listener. */
export interface Endpoint {
  /** Upper case. */
  readonly name: string;
  /** As in the settings; empty for every address. */
  readonly host: string;
  /** Never 0. */
  readonly port: number;
}

/** A broker that serves. Made by `openBroker`. */
export interface Broker {
  readonly nodeId: number;
  readonly clusterId: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly endpoints: readonly Endpoint[];
  readonly requestCounters: RequestCounters;
  /** Live. */
  readonly fetchSessions: { readonly counters: FetchSessionCounters };
  readonly engine: Engine;
  /** What a program that has the broker in its own process may look at and change. */
  readonly inside: BrokerInside;
  /**
   * Accepts nothing new, gives the received requests up to `drainMs` to be answered, then closes
   * connections, partitions and engine; the mark of a clean stop comes last. Calling it again
   * returns the same promise.
   */
  close(options: CloseOptions): Promise<void>;
}
