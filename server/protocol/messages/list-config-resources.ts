import { api } from '../api.js';
import { array, int8, int16, int32, string } from '../schema.js';

/**
 * Which resources have settings (KIP-1000, all types since KIP-1142). Version 0 asks for client
 * metrics only; from 1 on an empty list is every type.
 */
export const ListConfigResources = api({
  name: 'ListConfigResources',
  key: 74,
  versions: [0, 1],
  flexible: 0,
  request: {
    resourceTypes: array(int8(), { versions: '1+' }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    configResources: array({
      resourceName: string(),
      resourceType: int8({ versions: '1+', default: 16 }),
    }),
  },
  refused: (_request, errorCode) => ({ errorCode, configResources: [] }),
});
