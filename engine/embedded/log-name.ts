import { isDeviceName } from '../disk/file-names.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';

const LEGAL = /^[a-zA-Z0-9._-]+$/;

/**
 * Throws INVALID_NAME unless `name` follows Kafka's rules for topics, which also make it a safe
 * folder name: 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-', but neither '.' nor
 * '..'; on Windows not what it takes for a device, such as 'con.orders'.
 */
export function assertLogName(
  name: unknown,
  platform: string = process.platform,
): asserts name is string {
  if (typeof name !== 'string') throw invalid(`a log's name is a string, not ${typeof name}`);
  if (name === '') throw invalid("a log's name is not empty");
  if (name.length > LIMITS.nameLengthMax) {
    throw invalid(
      `a log's name has at most ${LIMITS.nameLengthMax} characters, this one ${name.length}`,
    );
  }
  if (name === '.' || name === '..') throw invalid(`'${name}' is no name for a log`);
  if (!LEGAL.test(name)) {
    const shown = JSON.stringify(name.slice(0, LIMITS.nameShownLengthMax));
    throw invalid(`${shown} has characters other than ASCII letters, digits, '.', '_' and '-'`);
  }
  if (platform === 'win32' && isDeviceName(name)) {
    throw invalid(`Windows takes '${name}' for a device: a log's name cannot begin so`);
  }
}

/**
 * Throws INVALID_NAME when a new log's name differs from an existing one's in nothing but case: on
 * a disk that ignores case both would be one folder, and a data directory may move to such a disk.
 */
export function assertDistinctName(name: string, existing: Iterable<string>): void {
  const folded = name.toLowerCase();
  for (const other of existing) {
    if (other !== name && other.toLowerCase() === folded) {
      throw invalid(`'${name}' differs only in case from the log '${other}' of this directory`);
    }
  }
}

function invalid(message: string): EngineError {
  return new EngineError('INVALID_NAME', message);
}
