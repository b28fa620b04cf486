import { api } from '../api.js';
import { array, bool, int8, int16, int32, string } from '../schema.js';

/** KIP-133; synonyms KIP-226, types and documentation KIP-569. */
export const DescribeConfigs = api({
  name: 'DescribeConfigs',
  key: 32,
  versions: [1, 4],
  flexible: 4,
  request: {
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
  response: {
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
  refused: ({ resources }, errorCode) => ({
    results: resources.map(({ resourceType, resourceName }) => ({
      resourceType,
      resourceName,
      errorCode,
      configs: [],
    })),
  }),
});
