/** The log lines of the engine for an operator. A pino logger has this shape. */
export interface EngineLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLogger: EngineLogger = { info: () => {}, warn: () => {}, error: () => {} };
