import type { MetadataView } from '../../metadata/metadata-view.js';

/**
 * Which groups have offsets of a topic, so that a topic that is deleted concerns nobody else; and
 * which topic a name stands for now.
 */
export class CommittedTopics {
  readonly #metadata: Pick<MetadataView, 'image'>;
  readonly #groups = new Map<string, Set<string>>();
  #count = 0;

  constructor(metadata: Pick<MetadataView, 'image'>) {
    this.#metadata = metadata;
  }

  /** Offsets of all groups. */
  get offsetCount(): number {
    return this.#count;
  }

  /** The id of the topic of that name; undefined if there is none. */
  idOf(topic: string): string | undefined {
    return this.#metadata.image.topic(topic)?.id;
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

  /** One group has so many offsets more, or fewer. */
  countBy(change: number): void {
    this.#count += change;
  }

  clear(): void {
    this.#groups.clear();
    this.#count = 0;
  }
}
