import type { ErrorCode } from './error-codes.js';
import {
  type Fields,
  type InputOf,
  type Message,
  message,
  type StructInput,
  type StructValue,
  type ValueOf,
} from './schema.js';

/**
 * One API: its two tables, the versions that follow from them, and the answer when all of it fails.
 */
export interface Api<
  N extends string = string,
  Req extends Message = Message,
  Res extends Message = Message,
> {
  readonly name: N;
  readonly key: number;
  readonly request: Req;
  readonly response: Res;
  /** Lowest version implemented, inclusive. */
  readonly min: number;
  /** Highest version implemented and advertised, inclusive. */
  readonly max: number;
  /** Lowest version that ApiVersions names, inclusive. */
  readonly advertiseMin: number;
  /** First flexible version (KIP-482), `Infinity` if none. */
  readonly flexible: number;
  /**
   * The answer when the whole request fails for one reason, with the code where clients look for
   * it. Null where the request asks for no answer.
   */
  refused(request: ValueOf<Req>, errorCode: ErrorCode, version: number): InputOf<Res> | null;
}

/** The request that a handler of this API receives. */
export type RequestOf<A extends Api> = ValueOf<A['request']>;

/** The response that a handler of this API gives. */
export type ResponseOf<A extends Api> = InputOf<A['response']>;

/** A decoded answer of this API, on the client's side. */
export type AnswerOf<A extends Api> = ValueOf<A['response']>;

/** The API with this key, or undefined where there is none. */
export type ApiByKey = (key: number) => Api | undefined;

interface Definition<N extends string, Q extends Fields, R extends Fields> {
  readonly name: N;
  readonly key: number;
  /** Lowest and highest, both inclusive. */
  readonly versions: readonly [min: number, max: number];
  /** Lowest version that ApiVersions names; below the lowest only where clients need to see it. */
  readonly advertiseMin?: number;
  /** First flexible version (KIP-482); leave out for an API that never became flexible. */
  readonly flexible?: number;
  readonly request: Q;
  readonly response: R;
  refused(request: StructValue<Q>, errorCode: ErrorCode, version: number): StructInput<R> | null;
}

/** Declares an API. */
export function api<const N extends string, const Q extends Fields, const R extends Fields>(
  definition: Definition<N, Q, R>,
): Api<N, Message<Q>, Message<R>> {
  const { name, key, refused, flexible = Number.POSITIVE_INFINITY } = definition;
  const [min, max] = definition.versions;
  const { advertiseMin = min } = definition;
  const table = { apiKey: key, min, max, advertiseMin, flexible };
  const request = message({ ...table, fields: definition.request });
  const response = message({ ...table, fields: definition.response });
  return { name, key, request, response, min, max, advertiseMin, flexible, refused } as Api<
    N,
    Message<Q>,
    Message<R>
  >;
}
