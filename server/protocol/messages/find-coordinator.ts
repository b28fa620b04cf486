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

/** One key up to 3, several from 4 on (KIP-699). Key types: 0 group, 1 transaction (KIP-98). */
export const FindCoordinatorRequest = message({
  apiKey: 10,
  min: 0,
  max: 5,
  flexible: 3,
  fields: {
    key: string({ versions: '0-3' }),
    keyType: int8({ versions: '1+', default: 0 }),
    coordinatorKeys: array(string(), { versions: '4+' }),
  },
});
export type FindCoordinatorRequest = ValueOf<typeof FindCoordinatorRequest>;

/** From 5 on the answer may be TRANSACTION_ABORTABLE (KIP-890). */
export const FindCoordinatorResponse = message({
  apiKey: 10,
  min: 0,
  max: 5,
  flexible: 3,
  fields: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16({ versions: '0-3' }),
    errorMessage: string({ versions: '1-3', nullable: '1-3' }),
    nodeId: int32({ versions: '0-3' }),
    host: string({ versions: '0-3' }),
    port: int32({ versions: '0-3' }),
    coordinators: array(
      {
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '4+' }),
      },
      { versions: '4+' },
    ),
  },
});
export type FindCoordinatorResponse = InputOf<typeof FindCoordinatorResponse>;
