/** Where the engine says what an operator should know. pino fits as it is. */
export interface EngineLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLogger: EngineLogger = { info: () => {}, warn: () => {}, error: () => {} };
