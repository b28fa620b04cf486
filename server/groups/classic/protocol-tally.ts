import type { GroupProtocol } from './protocol-choice.js';

/** Members that name the same protocols in the same order. */
interface Ballot {
  readonly names: readonly string[];
  members: number;
}

/**
 * The protocols of a group's members, summed up: a join learns from it whether all members support
 * a protocol, without a look at each member.
 */
export class ProtocolTally {
  #members = 0;
  #bytes = 0;
  #names = 0;
  readonly #supporters = new Map<string, number>();
  /** By their names, joined by a character that no name has. */
  readonly #ballots = new Map<string, Ballot>();

  /** Bytes of metadata, and characters of names, of all members. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Names on all different ballots, which a choice looks at. */
  get names(): number {
    return this.#names;
  }

  add(protocols: readonly GroupProtocol[]): void {
    this.#members += 1;
    this.#bytes += bytesOf(protocols);
    const names = namesOf(protocols);
    for (const name of names) this.#supporters.set(name, (this.#supporters.get(name) ?? 0) + 1);
    const key = names.join('\n');
    const ballot = this.#ballots.get(key);
    if (ballot !== undefined) ballot.members += 1;
    else {
      this.#ballots.set(key, { names, members: 1 });
      this.#names += names.length;
    }
  }

  /** Whether a member with these protocols keeps `names` within `namesMax`. */
  hasRoomFor(protocols: readonly GroupProtocol[], namesMax: number): boolean {
    const names = namesOf(protocols);
    return this.#names + names.length <= namesMax || this.#ballots.has(names.join('\n'));
  }

  /** Removes what was added for these protocols. */
  remove(protocols: readonly GroupProtocol[]): void {
    this.#members -= 1;
    this.#bytes -= bytesOf(protocols);
    const names = namesOf(protocols);
    for (const name of names) {
      const left = this.#supporters.get(name)! - 1;
      if (left === 0) this.#supporters.delete(name);
      else this.#supporters.set(name, left);
    }
    const key = names.join('\n');
    const ballot = this.#ballots.get(key)!;
    ballot.members -= 1;
    if (ballot.members > 0) return;
    this.#ballots.delete(key);
    this.#names -= names.length;
  }

  clear(): void {
    this.#members = 0;
    this.#bytes = 0;
    this.#names = 0;
    this.#supporters.clear();
    this.#ballots.clear();
  }

  /** Whether every member supports the protocol. */
  isSupportedByAll(name: string): boolean {
    return (this.#supporters.get(name) ?? 0) === this.#members;
  }

  /**
   * The protocol of a generation: among those that every member supports, the one that most members
   * prefer to the others; of equals, the one that `first` names first. Null if there is none.
   */
  choose(first: readonly GroupProtocol[]): string | null {
    const votes = new Map<string, number>();
    for (const { names, members } of this.#ballots.values()) {
      const preferred = names.find((name) => this.isSupportedByAll(name));
      if (preferred !== undefined) votes.set(preferred, (votes.get(preferred) ?? 0) + members);
    }
    let chosen: string | null = null;
    let most = 0;
    for (const { name } of first) {
      const count = votes.get(name) ?? 0;
      if (count <= most) continue;
      chosen = name;
      most = count;
    }
    return chosen;
  }
}

function namesOf(protocols: readonly GroupProtocol[]): string[] {
  return [...new Set(protocols.map(({ name }) => name))];
}

/** Bytes of metadata, and characters of names. */
export function bytesOf(protocols: readonly GroupProtocol[]): number {
  let bytes = 0;
  for (const { name, metadata } of protocols) bytes += name.length + metadata.length;
  return bytes;
}
