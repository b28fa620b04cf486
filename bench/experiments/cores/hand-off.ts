/**
 * What it costs the event loop to have a CRC or a write done elsewhere, beside doing it: `node
 * dist/bench/experiments/cores/hand-off.js FOLDER`.
 *
 * A table in microseconds for each piece of work: of the loop's own thread, of all threads, and
 * elapsed. Linux only: the loop's own share is the scheduler's count for the main thread.
 */
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writev,
  writevSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { crc32c } from '../../../engine/batch/crc32c.js';
import { programPath } from '../../lib/paths.js';

const KIB = 1024;
const SIZES = [KIB, 16 * KIB, 64 * KIB, 1024 * KIB] as const;
/** Pieces of work under way at a time, as a connection has five requests in flight. */
const SLOTS = 5;
const SLOT_BYTES = 1024 * KIB;
/** Words of the control block: how many were asked, how many were done. Then one result a slot. */
const ASKED = 0;
const DONE = 1;
const RESULTS = 2;
const SLICE_MS = 400;
const SLICES = 3;
const FILE_BYTES_MAX = 256 * 1024 * KIB;

/** ES2024, which Node 20 has and the library of types for ES2023 does not. */
const { waitAsync } = Atomics as unknown as {
  waitAsync(words: Int32Array, index: number, value: number): { value: Promise<string> | string };
};

interface Shared {
  readonly memory: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

/** The worker's side: the CRC of one slot after another. */
function serve({ memory, control, way }: Shared & { way: 'atomics' | 'messages' }): void {
  const words = new Int32Array(control);
  const slots = Array.from({ length: SLOTS }, (_, at) => Buffer.from(memory, at * SLOT_BYTES));
  if (way === 'messages') {
    parentPort!.on('message', ({ slot, size }: { slot: number; size: number }) => {
      parentPort!.postMessage(crc32c(slots[slot]!.subarray(0, size)));
    });
    return;
  }
  for (let next = 0; ; next++) {
    while (Atomics.load(words, ASKED) === next) Atomics.wait(words, ASKED, next);
    const slot = next % SLOTS;
    const size = words[RESULTS + SLOTS + slot]!;
    words[RESULTS + slot] = crc32c(slots[slot]!.subarray(0, size)) | 0;
    Atomics.add(words, DONE, 1);
    Atomics.notify(words, DONE);
  }
}

interface Cost {
  readonly loopUs: number;
  readonly allUs: number;
  readonly elapsedUs: number;
}

/** Nanoseconds that the main thread has run. */
function loopNs(): number {
  const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8');
  return Number(text.split(' ')[0]);
}

/** Repeats a round of SLOTS pieces of work; the least of some slices, since others can only add. */
async function cost(round: () => void | Promise<void>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let slice = 0; slice <= SLICES; slice++) {
    const cpu = process.cpuUsage();
    const loop = loopNs();
    const begin = performance.now();
    let pieces = 0;
    for (; performance.now() - begin < SLICE_MS; pieces += SLOTS) await round();
    const elapsedMs = performance.now() - begin;
    const { user, system } = process.cpuUsage(cpu);
    // The first one warms up.
    if (slice === 0) continue;
    costs.push({
      loopUs: (loopNs() - loop) / 1e3 / pieces,
      allUs: (user + system) / pieces,
      elapsedUs: (elapsedMs * 1e3) / pieces,
    });
  }
  return costs.reduce((least, one) => (one.loopUs < least.loopUs ? one : least));
}

function show(what: string, size: number, { loopUs, allUs, elapsedUs }: Cost): void {
  const cells = [what, size / KIB, loopUs.toFixed(1), allUs.toFixed(1), elapsedUs.toFixed(1)];
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}

async function compare(folder: string): Promise<void> {
  process.stdout.write('| work | KiB | loop µs | all threads µs | elapsed µs |\n');
  const shared: Shared = {
    memory: new SharedArrayBuffer(SLOTS * SLOT_BYTES),
    control: new SharedArrayBuffer((RESULTS + 2 * SLOTS) * Int32Array.BYTES_PER_ELEMENT),
  };
  const slots = Array.from({ length: SLOTS }, (_, at) =>
    Buffer.from(shared.memory, at * SLOT_BYTES, SLOT_BYTES).fill(at + 1),
  );
  for (const size of SIZES) {
    const pieces = slots.map((slot) => slot.subarray(0, size));
    const inline = (): void => {
      for (const piece of pieces) crc32c(piece);
    };
    show('CRC on the loop', size, await cost(inline));
    show('CRC in a worker, Atomics.waitAsync', size, await byAtomics(shared, size));
    show('CRC in a worker, MessagePort', size, await byMessages(shared, size));
  }
  mkdirSync(folder, { recursive: true });
  for (const size of SIZES) {
    const file = new WrittenFile(join(folder, 'hand-off'));
    const pieces = slots.map((slot) => Buffer.from(slot.subarray(0, size)));
    const onLoop = (): void => {
      for (const piece of pieces) writevSync(file.fd, [piece], file.next(size));
    };
    show('writev on the loop', size, await cost(onLoop));
    const onPool = async (): Promise<void> => {
      await Promise.all(pieces.map((piece) => file.write(piece)));
    };
    show('writev on the thread pool', size, await cost(onPool));
    file.remove();
  }
}

function startWorker(shared: Shared, way: 'atomics' | 'messages'): Worker {
  return new Worker(programPath('cores/hand-off'), { workerData: { ...shared, way } });
}

async function byAtomics(shared: Shared, size: number): Promise<Cost> {
  const words = new Int32Array(shared.control).fill(0);
  words.fill(size, RESULTS + SLOTS);
  const worker = startWorker(shared, 'atomics');
  let asked = 0;
  const found = await cost(async () => {
    asked += SLOTS;
    Atomics.store(words, ASKED, asked);
    Atomics.notify(words, ASKED);
    for (let done = Atomics.load(words, DONE); done < asked; done = Atomics.load(words, DONE)) {
      await waitAsync(words, DONE, done).value;
    }
  });
  await worker.terminate();
  return found;
}

async function byMessages(shared: Shared, size: number): Promise<Cost> {
  const worker = startWorker(shared, 'messages');
  let left = 0;
  let resume: () => void = () => {};
  worker.on('message', () => {
    if (--left === 0) resume();
  });
  const found = await cost(
    () =>
      new Promise<void>((done) => {
        left = SLOTS;
        resume = done;
        for (let slot = 0; slot < SLOTS; slot++) worker.postMessage({ slot, size });
      }),
  );
  await worker.terminate();
  return found;
}

/**
 * A file that is written over and over in the page cache, as memory that is not new to the machine.
 */
class WrittenFile {
  readonly fd: number;
  readonly #path: string;
  #position = 0;

  constructor(path: string) {
    this.#path = path;
    this.fd = openSync(path, 'w');
    const block = Buffer.alloc(SLOT_BYTES, 1);
    for (let at = 0; at < FILE_BYTES_MAX; at += SLOT_BYTES) writevSync(this.fd, [block], at);
    fdatasyncSync(this.fd);
  }

  /** Where the next piece goes. */
  next(size: number): number {
    const position = this.#position;
    this.#position = position + 2 * size > FILE_BYTES_MAX ? 0 : position + size;
    return position;
  }

  write(piece: Buffer): Promise<void> {
    return new Promise((done, fail) => {
      writev(this.fd, [piece], this.next(piece.length), (error) => (error ? fail(error) : done()));
    });
  }

  remove(): void {
    closeSync(this.fd);
    unlinkSync(this.#path);
  }
}

if (parentPort === null) await compare(resolve(process.argv[2] ?? '.'));
else serve(workerData as Shared & { readonly way: 'atomics' | 'messages' });
