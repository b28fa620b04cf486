import { isDeviceName } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';

const LEGAL = /^[a-zA-Z0-9._-]+$/;

const INTERNAL_TOPICS: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state']);

/** True for the topics that only the broker's own coordinators create and write. */
export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name);
}

/**
 * The problem of a topic's name, in a sentence for the client, or null. Kafka's rules: 1 to 249 of
 * the characters [a-zA-Z0-9._-], but neither '.' nor '..'. What passes is a safe file name.
 */
export function topicNameProblem(name: string, platform: string = process.platform): string | null {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed';
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`;
  if (name.length > SERVER_LIMITS.topicNameLengthMax) {
    return `Topic name is invalid: it has ${name.length} characters, at most ${SERVER_LIMITS.topicNameLengthMax} are allowed`;
  }
  if (!LEGAL.test(name)) {
    const shown = JSON.stringify(name.slice(0, SERVER_LIMITS.topicNameShownLengthMax));
    return `Topic name is invalid: ${shown} contains characters other than ASCII letters, digits, '.', '_' and '-'`;
  }
  if (platform === 'win32' && isDeviceName(name)) {
    return `Topic name is invalid: Windows, where this broker runs, takes '${name}' for a device`;
  }
  return null;
}

/** How the file system that holds the data compares names. */
export interface NameRules {
  readonly caseInsensitiveDisk: boolean;
}

/**
 * The names that are taken, folded so that one lookup tells whether a new name is allowed beside
 * them. Names that differ only in '.' and '_' collide as in Kafka (metric names write both as '_');
 * names that differ only in case would share a folder on a disk that ignores case.
 */
export class TakenNames {
  readonly #undotted = new Map<string, string>();
  readonly #lowerCase: Map<string, string> | null;
  readonly #below: TakenNames | null;

  /** Names that are taken in `below` are taken here, too. */
  constructor({ caseInsensitiveDisk }: NameRules, below: TakenNames | null = null) {
    this.#lowerCase = caseInsensitiveDisk ? new Map() : null;
    this.#below = below;
  }

  has(name: string): boolean {
    return this.#undotted.get(undotted(name)) === name || (this.#below?.has(name) ?? false);
  }

  add(name: string): void {
    this.#undotted.set(undotted(name), name);
    this.#lowerCase?.set(name.toLowerCase(), name);
  }

  delete(name: string): void {
    if (this.#undotted.get(undotted(name)) === name) this.#undotted.delete(undotted(name));
    const folded = name.toLowerCase();
    if (this.#lowerCase?.get(folded) === name) this.#lowerCase.delete(folded);
  }

  /**
   * Why a new topic's name is not allowed beside the taken names, or null. An equal name is no
   * collision.
   */
  collisionOf(name: string): string | null {
    const twin = this.#undotted.get(undotted(name));
    if (twin !== undefined && twin !== name) {
      return `Topic '${name}' collides with existing topic: ${twin}`;
    }
    const sameLetters = this.#lowerCase?.get(name.toLowerCase());
    if (sameLetters !== undefined && sameLetters !== name) {
      return `Topic '${name}' differs only in case from existing topic ${sameLetters}, and the data directory's disk ignores case`;
    }
    return this.#below?.collisionOf(name) ?? null;
  }
}

function undotted(name: string): string {
  return name.replaceAll('.', '_');
}
