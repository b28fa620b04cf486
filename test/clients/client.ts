/**
 * Compression as the clients name it; the position in `CODECS` is its number in a batch's
 * attributes.
 */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Codec = (typeof CODECS)[number];

/** A record in a shape that every driver understands. Bytes are text, which kcat can say too. */
export interface ClientRecord {
  readonly key: string | null;
  readonly value: string | null;
  /** In order; a name may occur twice. */
  readonly headers: readonly (readonly [string, string])[];
  /** Milliseconds; left to the client where it is not given. */
  readonly timestamp?: number;
}

/** A record as a consumer got it. */
export interface ConsumedRecord extends ClientRecord {
  readonly offset: number;
  readonly timestamp: number;
}

/** Where a consumer begins in a partition. A timestamp means the first record that is not older. */
export type From = 'beginning' | { readonly offset: number } | { readonly timestamp: number };

/**
 * How a member commits: `sync` waits for the answer, `async` goes on and is told of it later,
 * `on-leave` is what the client commits by itself when it closes.
 */
export type CommitMode = 'sync' | 'async' | 'on-leave';

export type Strategy = 'eager' | 'cooperative-sticky';

export interface JoinOptions {
  readonly group: string;
  readonly topic: string;
  readonly strategy?: Strategy;
  /** Static membership (KIP-345). */
  readonly instanceId?: string;
  readonly sessionTimeoutMs?: number;
  /** The member takes this many records and then no more until it leaves. Default: no bound. */
  readonly limit?: number;
  /**
   * Whether it commits what it has taken when it leaves. Default: it commits only what it is told
   * to.
   */
  readonly commitOnLeave?: boolean;
}

/** What a member of a group tells. */
export type MemberEvent =
  /** All partitions it has now. */
  | { readonly event: 'assigned'; readonly partitions: readonly number[] }
  /** What it has to give up, as far as the client says so. */
  | { readonly event: 'revoked'; readonly partitions: readonly number[] }
  | {
      readonly event: 'record';
      readonly partition: number;
      readonly offset: number;
      readonly value: string | null;
    }
  /** Another member has its instance id now. */
  | { readonly event: 'fenced'; readonly reason: string };

/** A consumer in a group, in a process of its own. */
export interface Member {
  /** Everything so far, in order. */
  readonly events: readonly MemberEvent[];
  /**
   * Resolves when `done` returns true; it is asked at each event. Rejects when the process has
   * ended.
   */
  until(done: (events: readonly MemberEvent[]) => boolean): Promise<void>;
  /** Resolves when the group has the offset: the next one to read. */
  commit(mode: Exclude<CommitMode, 'on-leave'>, partition: number, offset: number): Promise<void>;
  /** Leaves the group in order, and ends. */
  leave(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** A producer that goes on, one record a value 0, 1, 2 …, until it is stopped. */
export interface Stream {
  /** Values acknowledged so far. */
  readonly acked: number;
  untilAcked(count: number): Promise<void>;
  /** Waits for what is on its way; resolves with the number of values acknowledged. */
  stop(): Promise<number>;
}

/** What a client can ask and change beside topics. */
export interface Administration {
  describeCluster(): Promise<{ readonly nodes: number; readonly controllerId: number }>;
  /** Sets these settings of a topic. */
  alterTopic(topic: string, configs: Record<string, string>): Promise<void>;
  /** @param total number of partitions afterwards */
  addPartitions(topic: string, total: number): Promise<void>;
  /** Deletes what is before the offset. */
  deleteRecords(topic: string, partition: number, before: number): Promise<void>;
  /** First offset and end offset. */
  offsets(topic: string, partition: number): Promise<readonly [number, number]>;
  listGroups(): Promise<readonly string[]>;
  /** @returns the state in small letters and the number of members */
  describeGroup(group: string): Promise<{ readonly state: string; readonly members: number }>;
  /** The committed offset. */
  groupOffset(group: string, topic: string, partition: number): Promise<number>;
  setGroupOffset(group: string, topic: string, partition: number, offset: number): Promise<void>;
  deleteGroup(group: string): Promise<void>;
}

/**
 * One client as the scenarios use it. A scenario that the profile calls unsupported never calls
 * what it needs.
 */
export interface Client {
  /** Null for a client without an admin API. */
  readonly administration: Administration | null;
  createTopic(topic: string, partitions: number, configs: Record<string, string>): Promise<void>;
  /** Number of partitions and the values of these settings. */
  describeTopic(
    topic: string,
    keys: readonly string[],
  ): Promise<{ readonly partitions: number; readonly configs: Record<string, string> }>;
  deleteTopic(topic: string): Promise<void>;
  /** Resolves when all records are acknowledged by acks=all. */
  produce(
    topic: string,
    partition: number,
    codec: Codec,
    records: readonly ClientRecord[],
  ): Promise<void>;
  consume(
    topic: string,
    partition: number,
    from: From,
    count: number,
  ): Promise<readonly ConsumedRecord[]>;
  join(options: JoinOptions): Promise<Member>;
  stream(topic: string): Promise<Stream>;
  /** Ends every process that it started. */
  close(): Promise<void>;
}

/**
 * What a client is and can. The scenarios that it cannot run have a reason, which the report
 * prints.
 */
export interface ClientProfile {
  readonly name: string;
  readonly codecs: readonly Codec[];
  readonly commitModes: readonly CommitMode[];
  /** Whether it can give a record its timestamp. */
  readonly timestamps: boolean;
  /** Whether a running producer never writes a record twice. */
  readonly idempotent: boolean;
  /** Whether a name of a header may occur twice. */
  readonly repeatedHeaders: boolean;
  readonly unsupported: Readonly<Partial<Record<string, string>>>;
  connect(bootstrap: string): Client;
}
