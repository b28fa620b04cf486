import { type Gate, reasonOf, repairCommand } from '../../engine/index.js';
import type { Logger } from '../logging/log.js';
import { ApiError } from '../protocol/api-error.js';
import { replay } from './replay.js';
import type { OpenState, ShardState } from './shard-state.js';
import { Term, type TermOptions } from './term.js';

export interface ShardOptions<R, S extends ShardState<R>> extends TermOptions<R> {
  /** The name of the state in log lines: groups, transactions. */
  readonly holds: string;
  readonly open: OpenState<R, S>;
  /** Bounds the number of shards that load at the same time. */
  readonly loads: Gate;
  /** Absolute path of the data directory, for the advice about damage. */
  readonly dataDir: string;
  readonly logger: Logger;
}

/**
 * The role of this broker in a shard.
 *
 * ```text
 *   following ──lead──▶ loading ──▶ leading
 *       ▲                  └──────▶ damaged: the log cannot be read
 *       └──follow── from each;  lead, with a later epoch, loads again from each
 * ```
 */
export type ShardRole = 'following' | 'loading' | 'leading' | 'damaged';

/** One partition of a coordinator's topic, and the state that is made from it while it is led. */
export class Shard<R, S extends ShardState<R>> {
  readonly index: number;
  readonly #options: ShardOptions<R, S>;
  #role: ShardRole = 'following';
  /** The largest epoch that the shard was led in. */
  #epoch = -1;
  #held: { readonly term: Term<R>; readonly state: S } | null = null;
  #isStopped = false;

  constructor(index: number, options: ShardOptions<R, S>) {
    this.index = index;
    this.#options = options;
  }

  get role(): ShardRole {
    return this.#role;
  }

  /** The state that serves; null unless the shard leads. */
  get state(): S | null {
    return this.#role === 'leading' ? (this.#held?.state ?? null) : null;
  }

  /**
   * The state that serves. Throws ApiError COORDINATOR_LOAD_IN_PROGRESS while the shard loads, and
   * NOT_COORDINATOR while it follows or is damaged.
   */
  serving(): S {
    const { state } = this;
    if (state !== null) return state;
    throw this.#role === 'loading'
      ? new ApiError('COORDINATOR_LOAD_IN_PROGRESS', 'the state of the key is being loaded')
      : new ApiError('NOT_COORDINATOR', 'this broker does not coordinate the key');
  }

  /**
   * Begins to lead the partition. Ends the term before, and loads. Resolves when the shard leads or
   * is damaged, or the load was overtaken. An epoch that is not later than all before changes
   * nothing.
   */
  async lead(epoch: number): Promise<void> {
    if (epoch <= this.#epoch || this.#isStopped) return;
    this.#epoch = epoch;
    void this.#end();
    const term = new Term(this.index, epoch, this.#options);
    const state = this.#options.open(term);
    this.#held = { term, state };
    this.#role = 'loading';
    const isLoaded = await this.#load(term, state);
    if (!this.#isWanted(term)) return;
    this.#role = isLoaded ? 'leading' : 'damaged';
    if (!isLoaded) await this.#end();
  }

  /**
   * Stops leading the partition: the state is forgotten. Resolves when every waiting request was
   * answered.
   */
  follow(): Promise<void> {
    this.#role = 'following';
    return this.#end();
  }

  /** Stops deadlines and loads. */
  stop(): void {
    this.#isStopped = true;
    this.#held?.term.stop();
  }

  #isWanted(term: Term<R>): boolean {
    return !term.isOver && !this.#isStopped;
  }

  /**
   * Loads the shard. Resolves with whether the log could be read; false, too, for a load that was
   * overtaken.
   */
  async #load(term: Term<R>, state: S): Promise<boolean> {
    const { topic, slices, loads } = this.#options;
    const isWanted = (): boolean => this.#isWanted(term);
    try {
      await loads.run(async () => {
        const { image } = topic;
        if (image === undefined || !isWanted()) return;
        await topic.opened(image);
        if (!isWanted()) return;
        await replay(topic, this.index, slices, (record) => state.replay(record), isWanted);
        if (isWanted()) await state.loaded();
      });
      return isWanted();
    } catch (error) {
      if (isWanted()) this.#sayDamaged(error);
      return false;
    }
  }

  async #end(): Promise<void> {
    const held = this.#held;
    if (held === null) return;
    this.#held = null;
    await Promise.all([held.term.end(), held.state.forget()]);
  }

  #sayDamaged(error: unknown): void {
    const { topic, holds, dataDir, logger } = this.#options;
    const { name } = topic;
    const reason = reasonOf(error);
    logger.error(
      { topic: name, partition: this.index, error },
      `the ${holds} of ${name}-${this.index} are not available, since it cannot be read (${reason}): ` +
        `stop this process and save what can be: ${repairCommand(dataDir, name, this.index)}`,
    );
  }
}
