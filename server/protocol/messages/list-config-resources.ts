import {
  array,
  type InputOf,
  int8,
  int16,
  int32,
  message,
  string,
  type ValueOf,
} from '../schema.js';

/**
 * Which resources have settings (KIP-1000, all types since KIP-1142). Version 0 asks for client
 * metrics only; from 1 on an empty list is every type.
 */
export const ListConfigResourcesRequest = message({
  apiKey: 74,
  min: 0,
  max: 1,
  flexible: 0,
  fields: {
    resourceTypes: array(int8(), { versions: '1+' }),
  },
});
export type ListConfigResourcesRequest = ValueOf<typeof ListConfigResourcesRequest>;

export const ListConfigResourcesResponse = message({
  apiKey: 74,
  min: 0,
  max: 1,
  flexible: 0,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    configResources: array({
      resourceName: string(),
      resourceType: int8({ versions: '1+', default: 16 }),
    }),
  },
});
export type ListConfigResourcesResponse = InputOf<typeof ListConfigResourcesResponse>;
