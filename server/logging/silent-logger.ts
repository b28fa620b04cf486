import type { Logger } from './log.js';

/** A logger that writes nothing; apart from the real one, which loads pino. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
