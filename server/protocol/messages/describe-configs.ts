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

/** KIP-133; synonyms KIP-226, types and documentation KIP-569. */
export const DescribeConfigsRequest = message({
  apiKey: 32,
  min: 1,
  max: 4,
  flexible: 4,
  fields: {
    resources: array({
      /** 2 topic, 4 broker. */
      resourceType: int8(),
      resourceName: string(),
      /** Null for every key. */
      configurationKeys: array(string(), { nullable: '1+' }),
    }),
    includeSynonyms: bool({ default: false }),
    includeDocumentation: bool({ versions: '3+', default: false }),
  },
});
export type DescribeConfigsRequest = ValueOf<typeof DescribeConfigsRequest>;

export const DescribeConfigsResponse = message({
  apiKey: 32,
  min: 1,
  max: 4,
  flexible: 4,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '1+', default: null }),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: '1+' }),
        readOnly: bool(),
        /** Where the value comes from; the synonyms are the places asked, in order. */
        configSource: int8({ default: -1 }),
        isSensitive: bool(),
        synonyms: array({
          name: string(),
          value: string({ nullable: '1+' }),
          source: int8(),
        }),
        configType: int8({ versions: '3+', default: 0 }),
        documentation: string({ versions: '3+', nullable: '3+', default: null }),
      }),
    }),
  },
});
export type DescribeConfigsResponse = InputOf<typeof DescribeConfigsResponse>;
