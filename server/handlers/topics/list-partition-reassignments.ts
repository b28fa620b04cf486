import { ErrorCode } from '../../protocol/error-codes.js';
import { ListPartitionReassignments } from '../../protocol/messages/list-partition-reassignments.js';
import { type Handler, handler } from '../handler.js';

/** ListPartitionReassignments (KIP-455): on one node no partition is ever reassigned. */
export const listPartitionReassignments = handler(
  ListPartitionReassignments,
  { asks: [{ operation: 'describe', resource: 'cluster' }] },
  listPartitionReassignmentsHandler,
);

function listPartitionReassignmentsHandler(): Handler<typeof ListPartitionReassignments> {
  return () => ({ errorCode: ErrorCode.NONE, topics: [] });
}
