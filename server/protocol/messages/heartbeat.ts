import { type InputOf, int16, int32, message, string, type ValueOf } from '../schema.js';

export const HeartbeatRequest = message({
  apiKey: 12,
  min: 0,
  max: 4,
  flexible: 4,
  fields: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }), // KIP-345
  },
});
export type HeartbeatRequest = ValueOf<typeof HeartbeatRequest>;

export const HeartbeatResponse = message({
  apiKey: 12,
  min: 0,
  max: 4,
  flexible: 4,
  fields: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16(),
  },
});
export type HeartbeatResponse = InputOf<typeof HeartbeatResponse>;
