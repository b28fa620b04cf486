/** What a driver is told, on its command line as `--name value`. Both drivers take the same. */
export interface DriverOptions {
  readonly host: string;
  readonly port: number;
  /**
   * A file of request frames, each with its size in front. Connection c of C sends frames c, c + C,
   * c + 2C, … round and round.
   */
  readonly frames: string;
  readonly connections: number;
  /** Requests in flight on each connection. */
  readonly depth: number;
  /** Load before anything counts. */
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Ends the measuring early; 0 for no such end. */
  readonly requestsMax: number;
  /**
   * Where the int16 error code of a response is, counted from behind its size field; -1 to look at
   * none.
   */
  readonly errorAt: number;
  /** A response smaller than this, size field included, is an error. */
  readonly sizeMin: number;
  /** Open loop: requests a second over all connections; 0 for closed loop. */
  readonly rate: number;
  /**
   * File that gets every latency of the measured time in microseconds, as uint32 in the machine's
   * byte order.
   */
  readonly latencies: string;
}

export const DRIVER_DEFAULTS: DriverOptions = {
  host: '127.0.0.1',
  port: 0,
  frames: '',
  connections: 1,
  depth: 5,
  warmupMs: 0,
  durationMs: 2000,
  requestsMax: 0,
  errorAt: -1,
  sizeMin: 0,
  rate: 0,
  latencies: '',
};

/** `{ requestsMax: 5 }` as `--requests-max 5`. Empty texts are left out. */
export function driverArguments(options: Partial<DriverOptions>): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    value === ''
      ? []
      : [`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, String(value)],
  );
}

export function parseDriverArguments(args: readonly string[]): DriverOptions {
  const given: Record<string, string | number> = { ...DRIVER_DEFAULTS };
  for (let i = 0; i + 1 < args.length; i += 2) {
    const name = args[i]!.slice(2).replace(/-[a-z]/g, (pair) => pair[1]!.toUpperCase());
    const fallback = given[name];
    if (fallback === undefined) throw new RangeError(`unknown option ${args[i]}`);
    given[name] = typeof fallback === 'number' ? Number(args[i + 1]) : args[i + 1]!;
  }
  return given as unknown as DriverOptions;
}

/** What a driver says when the measured time is over, and once more when every answer is in. */
export interface DriverReport {
  readonly elapsedNs: number;
  /** Answered within the measured time. */
  readonly requests: number;
  /** Over the whole run, warm-up and the last answers included. */
  readonly errors: number;
  /** Kafka's code; -100 for a response that is too small, -101 for one without room for a code. */
  readonly firstError: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of the driver itself, within the measured time. */
  readonly cpuMs: number;
}
