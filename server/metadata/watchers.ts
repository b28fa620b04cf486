import { SERVER_LIMITS } from '../limits.js';
import type { MetadataChange, WatchEvent, WatchListener } from './store.js';
import { MetadataError } from './store.js';

/** All keys that one transaction changed. */
export interface Committed {
  readonly revision: number;
  readonly changes: readonly MetadataChange[];
}

interface Watcher {
  readonly prefix: string;
  /** Inclusive. */
  readonly fromRevision: number;
  readonly listener: WatchListener;
  readonly queue: WatchEvent[];
  isDelivering: boolean;
}

/**
 * Hands committed transactions to listeners: each once, in order, also to listeners that begin a
 * little in the past.
 */
export class Watchers {
  readonly #watchers = new Set<Watcher>();
  #history: Committed[] = [];
  #revision: number;

  /** `revision`: that of the last transaction that was committed before. */
  constructor(revision: number) {
    this.#revision = revision;
  }

  add(prefix: string, listener: WatchListener, fromRevision = this.#revision + 1): () => void {
    const known = this.#history[0]?.revision ?? this.#revision + 1;
    if (fromRevision < known) throw new MetadataError('COMPACTED');
    const watcher: Watcher = { prefix, fromRevision, listener, queue: [], isDelivering: false };
    this.#watchers.add(watcher);
    for (const committed of this.#history) enqueue(watcher, committed);
    queueMicrotask(() => this.#deliver(watcher));
    return () => {
      this.#watchers.delete(watcher);
    };
  }

  /** Calls the listeners before it returns. */
  publish(committed: Committed): void {
    this.#revision = committed.revision;
    this.#history.push(committed);
    // The history is cut in big steps, because a shift for each transaction would copy the rest
    // each time.
    if (this.#history.length >= 2 * SERVER_LIMITS.metadataHistoryCount) {
      this.#history = this.#history.slice(-SERVER_LIMITS.metadataHistoryCount);
    }
    for (const watcher of [...this.#watchers]) {
      enqueue(watcher, committed);
      this.#deliver(watcher);
    }
  }

  clear(): void {
    this.#watchers.clear();
  }

  #deliver(watcher: Watcher): void {
    if (watcher.isDelivering) return;
    watcher.isDelivering = true;
    for (;;) {
      const event = this.#watchers.has(watcher) ? watcher.queue.shift() : undefined;
      if (!event) break;
      watcher.listener(event);
    }
    watcher.isDelivering = false;
  }
}

function enqueue(watcher: Watcher, committed: Committed): void {
  if (committed.revision < watcher.fromRevision) return;
  const changes = committed.changes
    .filter(({ key }) => key.startsWith(watcher.prefix))
    .map(({ key, value }) => ({ key, value }));
  if (changes.length > 0) watcher.queue.push({ revision: committed.revision, changes });
}
