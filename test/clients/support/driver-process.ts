import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

interface Answer {
  readonly id: number;
  readonly ok?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A driver: a program around a client of another project, as a process that speaks JSON lines. A
 * command is `{id, op, …}` on its stdin and is answered by `{id, ok}` or `{id, error}`; what
 * happens by itself is told as `{event, …}`. It ends when its stdin does.
 */
export class DriverProcess<E extends object> {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #answers = new Map<number, Waiting>();
  readonly #events: E[] = [];
  readonly #exited: Promise<unknown>;
  #watchers: { readonly done: () => boolean; readonly waiting: Waiting }[] = [];
  #errors = '';
  #lastId = 0;
  #failure: Error | null = null;

  constructor(command: readonly string[], name: string) {
    const [program, ...args] = command;
    this.#name = name;
    this.#child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-8192);
    });
    // A driver that is gone is found by its exit.
    this.#child.stdin!.on('error', () => {});
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#receive(line));
    this.#child.on('error', (error) => this.#fail(error));
    this.#exited = once(this.#child, 'close').then(([code, signal]) => {
      this.#fail(new Error(`${name} ended with ${code ?? signal}: ${this.#errors}`));
    });
  }

  /** Everything that it told, in order. */
  get events(): readonly E[] {
    return this.#events;
  }

  /** Sends a command; rejects with what the driver complains about, or when it has ended. */
  call<T>(op: string, args: object = {}): Promise<T> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#answers.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.stdin!.write(`${JSON.stringify({ id, op, ...args })}\n`);
    });
  }

  /** Resolves when `done` returns true; it is asked at once and after each event. */
  until(done: (events: readonly E[]) => boolean): Promise<void> {
    if (done(this.#events)) return Promise.resolve();
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { resolve: () => resolve(), reject };
      this.#watchers.push({ done: () => done(this.#events), waiting });
    });
  }

  /** Ends its stdin and waits for it to end by itself. */
  async end(): Promise<void> {
    this.#child.stdin!.end();
    await this.#exited;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #receive(line: string): void {
    if (!line.startsWith('{')) return;
    const message = JSON.parse(line) as Answer | E;
    if (!('id' in message)) {
      this.#events.push(message);
      const ready = this.#watchers.filter(({ done }) => done());
      this.#watchers = this.#watchers.filter((watcher) => !ready.includes(watcher));
      for (const { waiting } of ready) waiting.resolve(undefined);
      return;
    }
    const waiting = this.#answers.get(message.id);
    this.#answers.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.ok);
    else waiting?.reject(new Error(`${this.#name}: ${message.error}`));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const pending = [...this.#answers.values(), ...this.#watchers.map(({ waiting }) => waiting)];
    this.#answers.clear();
    this.#watchers = [];
    for (const waiting of pending) waiting.reject(this.#failure);
  }
}
