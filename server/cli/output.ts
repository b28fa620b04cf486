import { once } from 'node:events';

/**
 * Sets what a closed stdout means. `end`: the process ends quietly, since `odradek topics list |
 * head -1` is no failure. `go on`: a broker needs no reader. Any other error of stdout is thrown.
 * The last call counts.
 */
export function whenReaderLeaves(then: 'end' | 'go on'): void {
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (then === 'end') process.exit(0);
  });
}

/**
 * Writes lines to stdout, waiting for the reader, so that output of any length takes little memory.
 */
export class LineWriter {
  readonly #before: () => void;
  readonly #chunkLength: number;
  #text = '';

  /**
   * `before` is called before each write; `chunkLength`: characters that are gathered before they
   * are written.
   */
  constructor(before: () => void = () => {}, chunkLength = 64 * 1024) {
    this.#before = before;
    this.#chunkLength = chunkLength;
  }

  /** Adds one line. The promise is null unless there is something to wait for. */
  write(line: string): Promise<void> | null {
    this.#text += `${line}\n`;
    return this.#text.length < this.#chunkLength ? null : this.flush();
  }

  /** Resolves when stdout has room again. */
  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    if (text === '') return;
    this.#before();
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  }
}
