import type { CatalogChange, CatalogKey } from '../catalog/catalog.js';
import { storageError } from '../disk/storage-error.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { LogContext } from '../log/shared/log-context.js';
import { cursorsPrefix } from './name-records.js';

/** What the catalog has of one cursor. */
export interface StoredCursor {
  /** Offset of the next record to be handled. */
  readonly position: number;
  /** Counts its openings: only the latest one may move it. */
  readonly token: number;
}

function keyOf(topicId: string, name: string): CatalogKey {
  return [...cursorsPrefix(topicId), name];
}

/** The cursors of a directory's logs, in its catalog. Reads see every write handed in before. */
export class CursorStore {
  readonly #context: Pick<LogContext, 'catalog' | 'directory'>;

  constructor(context: Pick<LogContext, 'catalog' | 'directory'>) {
    this.#context = context;
  }

  get(topicId: string, name: string): StoredCursor | null {
    const stored = this.#context.catalog.get(keyOf(topicId, name));
    return (stored as StoredCursor | undefined) ?? null;
  }

  /** By name, in the order of the names. */
  *all(topicId: string): Generator<[name: string, cursor: StoredCursor]> {
    for (const { key, value } of this.#context.catalog.range(cursorsPrefix(topicId))) {
      yield [String(key[2]), value as StoredCursor];
    }
  }

  /**
   * Takes the cursor over from whoever had it, or makes it at `position`. One beyond `endOffset`,
   * where a crash has cut a truncation short, is moved to it. Resolves with its token when that is
   * durable. Rejects INVALID_SETTING where the log has as many as it may have.
   */
  async take(topicId: string, name: string, position: number, endOffset: number): Promise<number> {
    const known = this.get(topicId, name);
    if (known === null && [...this.all(topicId)].length >= LIMITS.cursorsMax) {
      throw new EngineError(
        'INVALID_SETTING',
        `a log has at most ${LIMITS.cursorsMax} cursors: delete those that nobody reads by`,
      );
    }
    const token = (known?.token ?? 0) + 1;
    const value = { position: Math.min(known?.position ?? position, endOffset), token };
    await this.#write([{ key: keyOf(topicId, name), value }]);
    return token;
  }

  /** Resolves when the move is durable. */
  move(topicId: string, name: string, cursor: StoredCursor): Promise<void> {
    return this.#write([{ key: keyOf(topicId, name), value: cursor }]);
  }

  delete(topicId: string, name: string): Promise<void> {
    return this.#write([{ key: keyOf(topicId, name), value: undefined }]);
  }

  /** Moves cursors beyond `offset` down to it: what is about to come there was not handled. */
  async cutBack(topicId: string, offset: number): Promise<void> {
    const changes = [...this.all(topicId)]
      .filter(([, { position }]) => position > offset)
      .map(([name, { token }]) => ({
        key: keyOf(topicId, name),
        value: { position: offset, token },
      }));
    if (changes.length > 0) await this.#write(changes);
  }

  async #write(changes: readonly CatalogChange[]): Promise<void> {
    const { catalog, directory } = this.#context;
    directory.assertOnline();
    try {
      await catalog.write(changes);
    } catch (error) {
      throw storageError(directory, 'cannot store a cursor', error);
    }
  }
}
