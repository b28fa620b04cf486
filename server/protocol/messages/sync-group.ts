import {
  array,
  bytes,
  type InputOf,
  int16,
  int32,
  message,
  string,
  type ValueOf,
} from '../schema.js';

export const SyncGroupRequest = message({
  apiKey: 14,
  min: 0,
  max: 5,
  flexible: 4,
  fields: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }), // KIP-345
    protocolType: string({ versions: '5+', nullable: '5+', default: null }), // KIP-559
    protocolName: string({ versions: '5+', nullable: '5+', default: null }),
    assignments: array({ memberId: string(), assignment: bytes() }),
  },
});
export type SyncGroupRequest = ValueOf<typeof SyncGroupRequest>;

export const SyncGroupResponse = message({
  apiKey: 14,
  min: 0,
  max: 5,
  flexible: 4,
  fields: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16(),
    protocolType: string({ versions: '5+', nullable: '5+', default: null }),
    protocolName: string({ versions: '5+', nullable: '5+', default: null }),
    assignment: bytes(),
  },
});
export type SyncGroupResponse = InputOf<typeof SyncGroupResponse>;
