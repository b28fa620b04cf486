import { LIMITS } from '../../limits.js';
import { type Producer, ProducerPage } from './producer.js';

/**
 * The pages of a log's producers: a checkpoint writes the pages of the producers that have changed,
 * however many others the log knows. A producer keeps its page; a page that has room takes the next
 * new producer.
 */
export class ProducerPages {
  readonly #pages: ProducerPage[] = [];
  /** Pages with room; the last one is used first. */
  readonly #roomy: ProducerPage[] = [];
  #dirty: ProducerPage[] = [];
  /** The page that `nextOnes` begins with. */
  #hand = 0;

  get count(): number {
    return this.#pages.length;
  }

  all(): readonly ProducerPage[] {
    return this.#pages;
  }

  /** A page with room for one more. */
  withRoom(): ProducerPage {
    return this.#roomy.at(-1) ?? this.#grow();
  }

  /**
   * A single page is a part of the checkpoint; where there are two or more, each is written by
   * itself.
   */
  #grow(): ProducerPage {
    const [first] = this.#pages;
    if (this.#pages.length === 1) {
      // Even if a checkpoint has taken the first page: that checkpoint may still write it as a part
      // of itself.
      first!.changed();
      this.#dirty.push(first!);
    }
    return this.append();
  }

  /** A new page behind all others. */
  append(): ProducerPage {
    const page = new ProducerPage(this.#pages.length);
    this.#pages.push(page);
    this.#roomy.push(page);
    return page;
  }

  /** Puts a producer into the page that it names. */
  add(producer: Producer): void {
    const { page } = producer;
    page.producers.push(producer);
    if (page.producers.length < LIMITS.producersPerPage) return;
    const at = this.#roomy.lastIndexOf(page);
    if (at >= 0) this.#roomy.splice(at, 1);
  }

  remove(producer: Producer): void {
    const { page } = producer;
    const { producers } = page;
    const wasFull = producers.length >= LIMITS.producersPerPage;
    const last = producers.pop()!;
    if (last !== producer) producers[producers.indexOf(producer)] = last;
    if (wasFull && producers.length < LIMITS.producersPerPage) this.#roomy.push(page);
    this.changed(page);
  }

  changed(page: ProducerPage): void {
    if (page.isDirty) return;
    page.changed();
    this.#dirty.push(page);
  }

  /** The pages that have changed since the last call. Each stays dirty until it is written. */
  takeDirty(): ProducerPage[] {
    const dirty = this.#dirty;
    this.#dirty = [];
    return dirty;
  }

  /** Some pages, different ones at each call: repeated calls return all of them in the end. */
  *nextOnes(): Iterable<ProducerPage> {
    const count = Math.min(this.#pages.length, LIMITS.producerPagesLookedAt);
    for (let left = count; left > 0; left--) {
      this.#hand = (this.#hand + 1) % this.#pages.length;
      yield this.#pages[this.#hand]!;
    }
  }
}
