import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, errorInfo } from '../protocol/error-codes.js';
import { FindCoordinator } from '../protocol/messages/find-coordinator.js';
import { check, shown } from './answers.js';
import { Client } from './client.js';
import { CLI_LIMITS } from './limits.js';

const GROUP = 0;

/** Error codes that a coordinator answers with while it starts, or moves. */
const NOT_READY: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.NOT_COORDINATOR,
]);

/**
 * Asks until the coordinator is ready, `attempts` times at most; `codeOf` finds the error code in
 * an answer. Resolves with the last answer, whatever it says.
 */
export async function whenReady<T>(
  ask: () => Promise<T>,
  codeOf: (answer: T) => number,
  attempts: number = CLI_LIMITS.coordinatorAttemptsMax,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask();
    if (!NOT_READY.has(codeOf(answer)) || attempt >= attempts) return answer;
    await sleep(CLI_LIMITS.retryPauseMs);
  }
}

/**
 * Connects to the broker that coordinates a group. The caller closes the connection. `timeoutMs` as
 * in `Client.connect`.
 */
export async function connectCoordinator(
  client: Client,
  group: string,
  timeoutMs?: number,
): Promise<Client> {
  const { host, port, errorCode, errorMessage } = await whenReady(async () => {
    const answer = await client.request(FindCoordinator, {
      key: group,
      keyType: GROUP,
      coordinatorKeys: [group],
    });
    return answer.coordinators[0] ?? answer;
  }, codeOf);
  check(
    errorCode,
    errorMessage || errorInfo(errorCode).message,
    `cannot use group ${shown(group)}`,
  );
  const bootstrap = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return Client.connect({ bootstrap, ...(timeoutMs !== undefined && { timeoutMs }) });
}

function codeOf({ errorCode }: { readonly errorCode: number }): number {
  return errorCode;
}
