/** The counts of groups. */
export type Counted = 'groups' | 'memberBytes' | 'offsets';

/**
 * The totals of groups: those of the broker, or those of one shard, which count for the broker
 * until they are given back.
 */
export class GroupTotals implements Readonly<Record<Counted, number>> {
  groups = 0;
  /**
   * Bytes of metadata and protocol names, and the bytes that each member and each given-out id
   * counts for.
   */
  memberBytes = 0;
  /** Committed offsets, those of deleted topics included. */
  offsets = 0;
  #whole: GroupTotals | null;

  /** `whole`: the totals that include these. */
  constructor(whole: GroupTotals | null = null) {
    this.#whole = whole;
  }

  add(what: Counted, change: number): void {
    this[what] += change;
    this.#whole?.add(what, change);
  }

  /** Takes these out of the whole, whatever changes from now on. */
  giveBack(): void {
    const whole = this.#whole;
    this.#whole = null;
    whole?.add('groups', -this.groups);
    whole?.add('memberBytes', -this.memberBytes);
    whole?.add('offsets', -this.offsets);
  }
}
