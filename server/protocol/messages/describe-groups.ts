import { api } from '../api.js';
import { array, bool, bytes, int16, int32, string } from '../schema.js';

/** From 6 on an unknown group is GROUP_ID_NOT_FOUND (KIP-1043). */
export const DescribeGroups = api({
  name: 'DescribeGroups',
  key: 15,
  versions: [0, 6],
  flexible: 5,
  request: {
    groups: array(string()),
    includeAuthorizedOperations: bool({ versions: '3+' }), // KIP-430
  },
  /** Protocol, metadata and assignments are given for a stable group only. */
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    groups: array({
      errorCode: int16(),
      errorMessage: string({ versions: '6+', nullable: '6+', default: null }), // KIP-1043
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: array({
        memberId: string(),
        groupInstanceId: string({ versions: '4+', nullable: '4+', default: null }), // KIP-345
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      /** A bit for each operation; the default is "not asked for". */
      authorizedOperations: int32({ versions: '3+', default: -2147483648 }),
    }),
  },
  refused: ({ groups }, errorCode) => ({
    groups: groups.map((groupId) => ({
      errorCode,
      groupId,
      groupState: '',
      protocolType: '',
      protocolData: '',
      members: [],
    })),
  }),
});
