import { ErrorCode } from '../protocol/error-codes.js';
import type { Handler } from './handler.js';

/** ListPartitionReassignments (KIP-455): on one node no partition is ever on its way. */
export function listPartitionReassignmentsHandler(): Handler<'ListPartitionReassignments'> {
  return () => ({ errorCode: ErrorCode.NONE, topics: [] });
}
