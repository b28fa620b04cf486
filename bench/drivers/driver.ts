/**
 * The driver for machines without a C compiler: does what `driver.c` does, with less to spare. Rows
 * that it drove say so.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { type DriverReport, parseDriverArguments } from './options.js';

const PREFIX_MAX = 512;
const RECEIVE_BYTES = 1024 * 1024;
const TURN_MS = 1;
const DRAIN_MS = 10_000;
const SAMPLES_MAX = 8 * 1024 * 1024;

const options = parseDriverArguments(process.argv.slice(2));
const frames = splitFrames(readFileSync(options.frames));
const samples = new Uint32Array(SAMPLES_MAX);
let sampleCount = 0;

let phase: 'warm-up' | 'measuring' | 'draining' = 'warm-up';
let requests = 0;
let begun = 0;
let errors = 0;
let firstError = 0;
let bytesIn = 0;
let bytesOut = 0;
let beginNs = 0n;
let endNs = 0n;
let beginCpu = process.cpuUsage();

/** One connection: a ring of due times, and the response that is coming in. */
class Connection {
  readonly #socket: Socket;
  readonly #due: number[] = [];
  readonly #prefix = Buffer.alloc(PREFIX_MAX);
  #nextFrame: number;
  #nextDue: number;
  #have = 0;
  #size = 0;

  constructor(index: number) {
    this.#nextFrame = index % frames.length;
    this.#nextDue = nowUs() + (options.rate > 0 ? (1e6 * index) / options.rate : 0);
    this.#socket = connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafeSlow(RECEIVE_BYTES),
        callback: (count, buffer) => {
          this.#take(buffer as Buffer, count);
          this.send();
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => fail(error.message));
    this.#socket.on(
      'close',
      () => phase !== 'draining' && fail('the broker closed the connection'),
    );
  }

  get inFlight(): number {
    return this.#due.length;
  }

  /** Sends what the loop allows now. */
  send(): void {
    const now = nowUs();
    this.#socket.cork();
    while (phase !== 'draining' && this.#due.length < options.depth) {
      if (options.requestsMax > 0 && begun >= options.requestsMax) break;
      let due = now;
      if (options.rate > 0) {
        if (this.#nextDue > now) break;
        due = this.#nextDue;
        this.#nextDue += (1e6 * options.connections) / options.rate;
      }
      const frame = frames[this.#nextFrame]!;
      this.#nextFrame = (this.#nextFrame + options.connections) % frames.length;
      this.#due.push(due);
      begun++;
      if (phase === 'measuring') bytesOut += frame.length;
      this.#socket.write(frame);
    }
    this.#socket.uncork();
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer, count: number): void {
    if (phase === 'measuring') bytesIn += count;
    for (let at = 0; at < count; ) {
      const want = this.#size || 4;
      const n = Math.min(want - this.#have, count - at);
      if (this.#have < PREFIX_MAX) bytes.copy(this.#prefix, this.#have, at, at + n);
      this.#have += n;
      at += n;
      if (this.#size === 0 && this.#have >= 4) this.#size = this.#prefix.readInt32BE(0) + 4;
      if (this.#size > 0 && this.#have >= this.#size) this.#finish();
    }
  }

  #finish(): void {
    const due = this.#due.shift();
    if (due === undefined) fail('an answer without a request');
    const code = this.#judge();
    if (code !== 0 && errors++ === 0) firstError = code;
    if (phase === 'measuring') {
      requests++;
      if (sampleCount < SAMPLES_MAX) samples[sampleCount++] = Math.max(1, nowUs() - due!);
    }
    this.#have = 0;
    this.#size = 0;
  }

  #judge(): number {
    if (this.#size < options.sizeMin) return -100;
    if (options.errorAt < 0) return 0;
    return 4 + options.errorAt + 2 > this.#size
      ? -101
      : this.#prefix.readInt16BE(4 + options.errorAt);
  }
}

function nowUs(): number {
  return performance.now() * 1000;
}

function splitFrames(all: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < all.length; ) {
    const size = all.readInt32BE(at) + 4;
    found.push(all.subarray(at, at + size));
    at += size;
  }
  return found;
}

function report(event: 'end' | 'done'): void {
  const { user, system } = process.cpuUsage(beginCpu);
  const elapsedNs = Number(endNs - beginNs);
  const said: DriverReport = {
    elapsedNs,
    requests,
    errors,
    firstError,
    bytesIn,
    bytesOut,
    cpuMs: (user + system) / 1000,
  };
  process.stdout.write(`${JSON.stringify({ event, ...said })}\n`);
}

function fail(message: string): void {
  process.stderr.write(`driver: ${message}\n`);
  process.exit(1);
}

const connections = Array.from(
  { length: options.connections },
  (_, index) => new Connection(index),
);
let phaseEnd = performance.now() + options.warmupMs;

const inFlight = (): number => connections.reduce((sum, { inFlight }) => sum + inFlight, 0);

/** Changes phase and, in the open loop, sends what has become due. */
const turn = setInterval(() => {
  const now = performance.now();
  if (phase === 'warm-up' && now >= phaseEnd) {
    phase = 'measuring';
    begun = 0;
    beginNs = process.hrtime.bigint();
    beginCpu = process.cpuUsage();
    phaseEnd = now + options.durationMs;
    process.stdout.write('{"event":"begin"}\n');
  }
  const sentAll = options.requestsMax > 0 && begun >= options.requestsMax && inFlight() === 0;
  if (phase === 'measuring' && (now >= phaseEnd || sentAll)) {
    phase = 'draining';
    endNs = process.hrtime.bigint();
    phaseEnd = now + DRAIN_MS;
    report('end');
  }
  if (phase !== 'draining') {
    for (const connection of connections) connection.send();
  } else if (inFlight() === 0) {
    clearInterval(turn);
    if (options.latencies !== '') {
      writeFileSync(options.latencies, new Uint8Array(samples.buffer, 0, sampleCount * 4));
    }
    report('done');
    for (const connection of connections) connection.end();
  } else if (now >= phaseEnd) {
    fail(`${inFlight()} requests were not answered within 10 s`);
  }
}, TURN_MS);
