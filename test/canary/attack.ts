import type { ApiName } from '../../server/handlers/apis.js';
import { SERVER_LIMITS } from '../../server/limits.js';
import type { Body, WireClient } from '../server/bad-input/wire-client.js';

/** Elements that a request may name, with some room for what is around them. */
export const COUNT = SERVER_LIMITS.arrayElementsPerRequestMax - 1_000;

/** A broker in a large state, as attacks see it. */
export interface World {
  /** Sends whatever goes on one connection. */
  readonly attacker: WireClient;
}

/** The most expensive use of one API that the limits let through. */
export interface Attack<W extends World = World> {
  readonly api: ApiName;
  /** What makes it expensive. */
  readonly what: string;
  /** Elements that any answer must look at: fewer would be work that is not counted. */
  readonly elementsMin: number;
  /** Elements of its largest step, where that is more than other attacks have; default 0. */
  readonly stepElements?: number;
  /** Resolves when everything was answered, as expected. */
  run(world: W): Promise<unknown>;
}

/** An attack of a single request, whose body is made when it is sent. */
export function request<N extends ApiName>(
  api: N,
  version: number,
  what: string,
  elementsMin: number,
  body: () => Body<N>,
): Attack {
  return {
    api,
    what: `${api} ${version} of ${what}`,
    elementsMin,
    run: ({ attacker }) => attacker.call(api, version, body()),
  };
}

export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

export function texts(prefix: string, count: number): string[] {
  return numbers(count).map((at) => `${prefix}-${at}`);
}
