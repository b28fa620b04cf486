import {
  array,
  bool,
  type InputOf,
  int8,
  int16,
  int32,
  message,
  string,
  type ValueOf,
} from '../schema.js';

/** KIP-133. Replaces all settings of a resource: a key that is not named falls to its default. */
export const AlterConfigsRequest = message({
  apiKey: 33,
  min: 0,
  max: 2,
  flexible: 2,
  fields: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({ name: string(), value: string({ nullable: '0+' }) }),
    }),
    validateOnly: bool(),
  },
});
export type AlterConfigsRequest = ValueOf<typeof AlterConfigsRequest>;

export const AlterConfigsResponse = message({
  apiKey: 33,
  min: 0,
  max: 2,
  flexible: 2,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    responses: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
});
export type AlterConfigsResponse = InputOf<typeof AlterConfigsResponse>;
