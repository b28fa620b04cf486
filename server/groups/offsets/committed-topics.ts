import type { MetadataView } from '../../metadata/metadata-view.js';
import { GroupTotals } from '../group-totals.js';

/** Tells the topic that a name stands for. */
export type TopicNames = Pick<MetadataView, 'image'>;

/**
 * The groups of a shard that have offsets of a topic, so that the deletion of a topic concerns no
 * other group; and the topic that a name stands for now.
 */
export class CommittedTopics {
  readonly #metadata: TopicNames;
  readonly #totals: GroupTotals;
  readonly #groups = new Map<string, Set<string>>();

  /** `totals`: the totals in which offsets are counted. */
  constructor(metadata: TopicNames, totals = new GroupTotals()) {
    this.#metadata = metadata;
    this.#totals = totals;
  }

  /** Offsets of all groups of the shard. */
  get offsetCount(): number {
    return this.#totals.offsets;
  }

  /** The id of the topic of that name; undefined if there is none. */
  idOf(topic: string): string | undefined {
    return this.#metadata.image.topic(topic)?.id;
  }

  /** Whether a group has offsets of a topic of that name. */
  has(topic: string): boolean {
    return this.#groups.has(topic);
  }

  /** Every name that a group has offsets of, live. */
  topics(): Iterable<string> {
    return this.#groups.keys();
  }

  /** Ids of the groups that have offsets of a topic of that name, live. */
  groupsOf(topic: string): Iterable<string> {
    return this.#groups.get(topic) ?? [];
  }

  add(topic: string, group: string): void {
    const groups = this.#groups.get(topic);
    if (groups === undefined) this.#groups.set(topic, new Set([group]));
    else groups.add(group);
  }

  remove(topic: string, group: string): void {
    const groups = this.#groups.get(topic);
    groups?.delete(group);
    if (groups?.size === 0) this.#groups.delete(topic);
  }

  /** Adds `change` to the number of a group's offsets. */
  countBy(change: number): void {
    this.#totals.add('offsets', change);
  }
}
