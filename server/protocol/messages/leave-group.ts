import { array, type InputOf, int16, int32, message, string, type ValueOf } from '../schema.js';

/** One member up to 2, several from 3 on, static ones by their instance id (KIP-345). */
export const LeaveGroupRequest = message({
  apiKey: 13,
  min: 0,
  max: 5,
  flexible: 4,
  fields: {
    groupId: string(),
    memberId: string({ versions: '0-2' }),
    members: array(
      {
        memberId: string(),
        groupInstanceId: string({ nullable: '3+', default: null }),
        reason: string({ versions: '5+', nullable: '5+', default: null }), // KIP-800
      },
      { versions: '3+' },
    ),
  },
});
export type LeaveGroupRequest = ValueOf<typeof LeaveGroupRequest>;

export const LeaveGroupResponse = message({
  apiKey: 13,
  min: 0,
  max: 5,
  flexible: 4,
  fields: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16(),
    members: array(
      {
        memberId: string(),
        groupInstanceId: string({ nullable: '3+' }),
        errorCode: int16(),
      },
      { versions: '3+' },
    ),
  },
});
export type LeaveGroupResponse = InputOf<typeof LeaveGroupResponse>;
