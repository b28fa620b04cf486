import type { ApiName } from '../../../../server/handlers/apis.js';
import type { Body } from '../../bad-input/wire-client.js';

/** A request of many elements, which takes a path of its own through a handler. */
export interface RequestShape {
  readonly api: ApiName;
  readonly version: number;
  /** What its elements are. */
  readonly what: string;
  body(count: number): object;
}

/** A topic of some partitions; the others that requests name do not exist. */
export const TOPIC = 'wide';
export const PARTITIONS = 10;

export function shape<N extends ApiName>(
  api: N,
  version: number,
  what: string,
  body: (count: number) => Body<N>,
): RequestShape {
  return { api, version, what, body };
}

export function many<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => make(at));
}

export function name(at: number): string {
  return `name-${at}`;
}
