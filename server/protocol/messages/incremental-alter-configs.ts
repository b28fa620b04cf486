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

/** KIP-339. Operations: 0 set, 1 delete, 2 append, 3 subtract. */
export const IncrementalAlterConfigsRequest = message({
  apiKey: 44,
  min: 0,
  max: 1,
  flexible: 1,
  fields: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        configOperation: int8(),
        value: string({ nullable: '0+' }),
      }),
    }),
    validateOnly: bool(),
  },
});
export type IncrementalAlterConfigsRequest = ValueOf<typeof IncrementalAlterConfigsRequest>;

export const IncrementalAlterConfigsResponse = message({
  apiKey: 44,
  min: 0,
  max: 1,
  flexible: 1,
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
export type IncrementalAlterConfigsResponse = InputOf<typeof IncrementalAlterConfigsResponse>;
