/** A queue of any length, of which each step takes the same time; `Array.shift` moves the rest. */
export class FirstInFirstOut<Item> {
  #items: Item[] = [];
  /** Where the first one is: those before it have left. */
  #head = 0;

  /** Undefined where there is none. */
  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  removeFirst(): void {
    if (this.#head >= this.#items.length) return;
    this.#head++;
    // As many steps were made since the last time as items move now.
    if (this.#head * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }

  /** All of them, the first one first; none is left. */
  removeAll(): Item[] {
    const all = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return all;
  }
}
