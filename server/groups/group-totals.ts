/** What is counted of groups. */
export type Counted = 'groups' | 'memberBytes' | 'offsets';

/**
 * What groups take together: those of the broker, or those of one shard, which count for the broker
 * until they are given back.
 */
export class GroupTotals implements Readonly<Record<Counted, number>> {
  groups = 0;
  /** Metadata, protocol names, and what each member and each id that was given out counts for. */
  memberBytes = 0;
  /** Committed offsets, those of deleted topics included. */
  offsets = 0;
  #whole: GroupTotals | null;

  /** `whole`: what these are a part of. */
  constructor(whole: GroupTotals | null = null) {
    this.#whole = whole;
  }

  add(what: Counted, change: number): void {
    this[what] += change;
    this.#whole?.add(what, change);
  }

  /** They are no part of the whole any more, whatever changes from now on. */
  giveBack(): void {
    const whole = this.#whole;
    this.#whole = null;
    whole?.add('groups', -this.groups);
    whole?.add('memberBytes', -this.memberBytes);
    whole?.add('offsets', -this.offsets);
  }
}
