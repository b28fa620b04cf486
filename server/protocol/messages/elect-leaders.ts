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

/** Null topics are all (KIP-183). Election types: 0 preferred, 1 unclean (KIP-460). */
export const ElectLeadersRequest = message({
  apiKey: 43,
  min: 0,
  max: 2,
  flexible: 2,
  fields: {
    electionType: int8({ versions: '1+', default: 0 }),
    topicPartitions: array({ topic: string(), partitions: array(int32()) }, { nullable: '0+' }),
    timeoutMs: int32({ default: 60_000 }),
  },
});
export type ElectLeadersRequest = ValueOf<typeof ElectLeadersRequest>;

export const ElectLeadersResponse = message({
  apiKey: 43,
  min: 0,
  max: 2,
  flexible: 2,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '1+', default: 0 }),
    replicaElectionResults: array({
      topic: string(),
      partitionResult: array({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
      }),
    }),
  },
});
export type ElectLeadersResponse = InputOf<typeof ElectLeadersResponse>;
