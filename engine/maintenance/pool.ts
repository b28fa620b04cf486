import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import { EngineError } from '../errors.js';
import { Gate } from '../gate.js';
import { LIMITS } from '../limits.js';
import { type JobReply, type JobRequest, outputOf } from './job-message.js';
import type { JobName, JobRunner, Jobs } from './job-runner.js';

export interface JobPoolOptions {
  /** Threads at most. Default 2. */
  readonly threadsMax?: number;
  /** Jobs that may wait for a thread; a further one rejects at once. */
  readonly queueMax: number;
  /** URL of the thread's entry module. Default: the compiled `worker.ts`. */
  readonly workerUrl?: string;
}

const require = createRequire(import.meta.url);

/**
 * The bounded thread pool for maintenance. Nothing is loaded or started before the first job, and
 * threads end after 10 s without one. A thread that cannot start rejects every job that has not
 * ended; the next job tries again with a new pool.
 */
export function createJobPool(options: JobPoolOptions): JobRunner {
  return new JobPool(options);
}

class JobPool implements JobRunner {
  readonly #options: JobPoolOptions;
  #pool: Promise<Piscina> | null = null;
  readonly #rejections = new Set<(error: unknown) => void>();
  /**
   * Unlinks run one at a time, however many wait: they make pauses, and would hold all threads
   * otherwise.
   */
  readonly #removals = new Gate(1);
  readonly #stop = new SharedArrayBuffer(4);
  /** Threads that have loaded. */
  readonly #ready = new Set<object>();
  #isClosed = false;

  constructor(options: JobPoolOptions) {
    this.#options = options;
  }

  run<Name extends JobName>(name: Name, input: Jobs[Name]['input']): Promise<Jobs[Name]['output']> {
    if (name !== 'unlink') return this.#submit(name, input);
    return this.#removals.run(() => this.#submit(name, input));
  }

  async #submit<Name extends JobName>(
    name: Name,
    input: Jobs[Name]['input'],
  ): Promise<Jobs[Name]['output']> {
    if (this.#isClosed) throw closed();
    this.#pool ??= this.#start();
    const pool = await this.#pool;
    const request: JobRequest = { name, input, stop: this.#stop };
    const reply = await new Promise<JobReply>((resolve, reject) => {
      this.#rejections.add(reject);
      pool
        .run(request)
        .then(resolve, (error: unknown) => reject(this.#isClosed ? closed() : error))
        .finally(() => this.#rejections.delete(reject));
    });
    return outputOf(reply);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    Atomics.store(new Int32Array(this.#stop), 0, 1);
    const pool = await this.#pool;
    if (pool === null) return;
    await this.#loaded(pool);
    await pool.close({ force: true });
  }

  /**
   * Resolves when no thread is loading: Node ends the process with a thread that is ended while it
   * loads.
   */
  async #loaded(pool: Piscina): Promise<void> {
    while (pool.threads.length > this.#ready.size) {
      await new Promise<void>((resolve) => {
        for (const event of ['workerCreate', 'workerDestroy']) pool.once(event, () => resolve());
      });
    }
  }

  async #start(): Promise<Piscina> {
    const { Piscina } = require('#vendor/piscina') as typeof import('piscina');
    const { workerUrl } = this.#options;
    const pool = new Piscina({
      filename: workerUrl ? fileURLToPath(workerUrl) : require.resolve('#maintenance-worker'),
      minThreads: 0,
      maxThreads: this.#options.threadsMax ?? LIMITS.threadsMax,
      maxQueue: this.#options.queueMax,
      idleTimeout: LIMITS.threadIdleMs,
      // Jobs take milliseconds at least; a thread that sleeps in Atomics.wait helps only shorter
      // jobs.
      atomics: 'disabled',
    });
    // This event comes when the thread has loaded, in spite of its name.
    pool.on('workerCreate', (thread: object) => this.#ready.add(thread));
    pool.on('workerDestroy', (thread: object) => this.#ready.delete(thread));
    // A thread that fails before it has a job is reported here and nowhere else: its jobs would
    // wait for ever.
    pool.on('error', (error) => void this.#abandon(pool, error));
    return pool;
  }

  async #abandon(pool: Piscina, error: unknown): Promise<void> {
    this.#pool = null;
    for (const reject of this.#rejections) reject(error);
    this.#rejections.clear();
    await pool.destroy();
  }
}

function closed(): EngineError {
  return new EngineError('ABORTED', 'the job pool is closed');
}
