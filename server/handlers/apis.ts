import type { Api } from '../protocol/api.js';
import type { OpenHandler } from '../request/open-handler.js';
import type { ServedApi } from './handler.js';
import { SERVED } from './index.js';
import { type BrokerParts, handlerParts } from './parts.js';

/** The served APIs by name. */
export type Apis = { readonly [S in (typeof SERVED)[number] as S['api']['name']]: S['api'] };

export type ApiName = keyof Apis;

export const APIS = Object.fromEntries(SERVED.map(({ api }) => [api.name, api])) as unknown as Apis;

const byKey: (Api | undefined)[] = [];
for (const { api } of SERVED) byKey[api.key] = api;

/** The API with this key, or undefined where there is none. */
export function lookupApi(key: number): Api | undefined {
  return byKey[key];
}

/**
 * The handlers of one broker, one for each served API. `narrow` may leave an API out, or serve
 * fewer versions of it. Default: all are served.
 */
export function openHandlers(
  broker: BrokerParts,
  narrow: (api: Api) => Api | null = (api) => api,
): OpenHandler[] {
  const served = SERVED.flatMap((each: ServedApi) => {
    const api = narrow(each.api);
    return api === null ? [] : [{ ...each, api }];
  });
  const parts = handlerParts(
    broker,
    served.map(({ api }) => api),
  );
  return served.map(({ open, ...rest }) => ({ ...rest, ...open(parts) }));
}
