import type { LogFields, Logger } from '../logging/log.js';

/** A logger that can be silenced, for a broker that is killed: it would complain of its disk. */
export function mutable(logger: Logger): { readonly logger: Logger; mute(): void } {
  let isMuted = false;
  const line = (level: keyof Logger) => (fields: LogFields, message: string) => {
    if (!isMuted) logger[level](fields, message);
  };
  return {
    logger: {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
    },
    mute: () => {
      isMuted = true;
    },
  };
}
