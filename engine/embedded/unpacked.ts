/**
 * The items of chunks, one after another, each made when it is asked for. As long as a chunk lasts
 * an item costs a promise that is settled already, which is a fraction of a generator's step. Calls
 * are answered in their order, and the first failure ends it, as with a generator.
 */
export class Unpacked<Raw, Item> {
  readonly #chunks: AsyncGenerator<readonly Raw[], void>;
  readonly #make: (raw: Raw) => Item;
  #chunk: readonly Raw[] = [];
  #at = 0;
  #isOver = false;
  /** Calls that wait for a chunk; null where none does. */
  #last: Promise<unknown> | null = null;

  constructor(chunks: AsyncGenerator<readonly Raw[], void>, make: (raw: Raw) => Item) {
    this.#chunks = chunks;
    this.#make = make;
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#last === null && this.#at < this.#chunk.length) return this.#fromChunk();
    return this.#behind(async () => {
      while (this.#at >= this.#chunk.length) {
        if (this.#isOver) return { done: true, value: undefined };
        const { done, value } = await this.#chunks.next();
        if (done) return this.#ended();
        this.#chunk = value;
        this.#at = 0;
      }
      return this.#fromChunk();
    });
  }

  /** Ends it: items of the chunk that were not asked for are dropped. */
  async return(): Promise<IteratorResult<Item, undefined>> {
    const ended = this.#ended();
    await this.#chunks.return();
    return ended;
  }

  async throw(error: unknown): Promise<IteratorResult<Item, undefined>> {
    this.#ended();
    await this.#chunks.throw(error);
    return { done: true, value: undefined };
  }

  #ended(): { done: true; value: undefined } {
    this.#isOver = true;
    this.#chunk = [];
    this.#at = 0;
    return { done: true, value: undefined };
  }

  async #fail(error: unknown): Promise<never> {
    this.#ended();
    await this.#chunks.return();
    throw error;
  }

  #fromChunk(): Promise<IteratorResult<Item, undefined>> {
    try {
      const value = this.#make(this.#chunk[this.#at++]!);
      return Promise.resolve({ done: false, value });
    } catch (error) {
      return this.#fail(error);
    }
  }

  #behind(
    step: () => Promise<IteratorResult<Item, undefined>>,
  ): Promise<IteratorResult<Item, undefined>> {
    const before = this.#last;
    const mine = before === null ? step() : before.then(step, step);
    this.#last = mine;
    const settled = (): void => {
      if (this.#last === mine) this.#last = null;
    };
    mine.then(settled, settled);
    return mine;
  }
}
