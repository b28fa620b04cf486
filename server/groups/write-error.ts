import type { ErrorName } from '../protocol/error-codes.js';
import { wireError } from '../request/error-map.js';

/**
 * The answer to a client when a record of its group could not be written: to try again, or to look
 * for the coordinator again, as in Kafka. `tooLarge` is the answer if the record can never be
 * written.
 */
export function writeError(error: unknown, tooLarge: ErrorName): ErrorName {
  const { name } = wireError(error);
  switch (name) {
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'NOT_ENOUGH_REPLICAS':
    case 'NOT_ENOUGH_REPLICAS_AFTER_APPEND':
    case 'REQUEST_TIMED_OUT':
      return 'COORDINATOR_NOT_AVAILABLE';
    case 'NOT_LEADER_OR_FOLLOWER':
    case 'KAFKA_STORAGE_ERROR':
      return 'NOT_COORDINATOR';
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return tooLarge;
    default:
      return name;
  }
}
