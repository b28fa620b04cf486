import { api } from '../api.js';
import { array, bytes, int16, int32, string } from '../schema.js';

export const SyncGroup = api({
  name: 'SyncGroup',
  key: 14,
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }), // KIP-345
    protocolType: string({ versions: '5+', nullable: '5+', default: null }), // KIP-559
    protocolName: string({ versions: '5+', nullable: '5+', default: null }),
    assignments: array({ memberId: string(), assignment: bytes() }),
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16(),
    protocolType: string({ versions: '5+', nullable: '5+', default: null }),
    protocolName: string({ versions: '5+', nullable: '5+', default: null }),
    assignment: bytes(),
  },
  refused: (_request, errorCode) => ({ errorCode, assignment: Buffer.alloc(0) }),
});
