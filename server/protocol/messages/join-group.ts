import {
  array,
  bool,
  bytes,
  type InputOf,
  int16,
  int32,
  message,
  string,
  type ValueOf,
} from '../schema.js';

/** From 4 on a member without an id is given one and has to come again with it (KIP-394). */
export const JoinGroupRequest = message({
  apiKey: 11,
  min: 0,
  max: 9,
  flexible: 6,
  fields: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    /** Version 0 has none: the session timeout stands for it. */
    rebalanceTimeoutMs: int32({ versions: '1+', default: -1 }),
    memberId: string(),
    groupInstanceId: string({ versions: '5+', nullable: '5+', default: null }), // KIP-345
    protocolType: string(),
    protocols: array({ name: string(), metadata: bytes() }),
    reason: string({ versions: '8+', nullable: '8+', default: null }), // KIP-800
  },
});
export type JoinGroupRequest = ValueOf<typeof JoinGroupRequest>;

export const JoinGroupResponse = message({
  apiKey: 11,
  min: 0,
  max: 9,
  flexible: 6,
  fields: {
    throttleTimeMs: int32({ versions: '2+', default: 0 }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string({ versions: '7+', nullable: '7+', default: null }), // KIP-559
    protocolName: string({ nullable: '7+' }),
    leader: string(),
    skipAssignment: bool({ versions: '9+', default: false }), // KIP-814
    memberId: string(),
    members: array({
      memberId: string(),
      groupInstanceId: string({ versions: '5+', nullable: '5+', default: null }),
      metadata: bytes(),
    }),
  },
});
export type JoinGroupResponse = InputOf<typeof JoinGroupResponse>;
