import type { Clock } from '../../engine/index.js';
import type { Logger } from '../logging/log.js';
import { rateLimited } from '../logging/rate-limit.js';
import type { ListenerEvents } from '../net/listener.js';

/** Logs connections that ended badly, in few lines whatever clients do. */
export function connectionLog(logger: Logger, clock: Clock): ListenerEvents {
  const limited = rateLimited(logger, { clock });
  return {
    onClosed: ({ remoteAddress: client, listener }, { code, message, cause, foreign }) => {
      if (code === 'failed') {
        limited.log('error', code, { client, listener, cause }, `a connection failed: ${message}`);
      } else if (code === 'framing' || code === 'frameDeadline' || code === 'writeDeadline') {
        // Clients at the wrong port hide no line about those that are at the right one.
        const kind = foreign === undefined ? code : `${code} ${foreign}`;
        limited.log('warn', kind, { client, listener }, `a connection was closed: ${message}`);
      }
    },
    onRefused: (client, { setting, limit }) => {
      limited.log(
        'warn',
        'refused',
        { client },
        `a connection was refused: the broker takes ${limit}${setting === 'max.connections' ? '' : ' from one address'} (${setting})`,
      );
    },
  };
}
