import { api } from '../api.js';
import { array, int8, int16, int32, string } from '../schema.js';

/** One key up to 3, several from 4 on (KIP-699). Key types: 0 group, 1 transaction (KIP-98). */
export const FindCoordinator = api({
  name: 'FindCoordinator',
  key: 10,
  versions: [0, 5],
  flexible: 3,
  request: {
    key: string({ versions: '0-3' }),
    keyType: int8({ versions: '1+', default: 0 }),
    coordinatorKeys: array(string(), { versions: '4+' }),
  },
  /** From 5 on the answer may be TRANSACTION_ABORTABLE (KIP-890). */
  response: {
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
  refused: ({ coordinatorKeys }, errorCode) => {
    const nowhere = { nodeId: -1, host: '', port: -1, errorCode, errorMessage: null };
    return { ...nowhere, coordinators: coordinatorKeys.map((key) => ({ key, ...nowhere })) };
  },
});
