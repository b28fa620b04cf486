import type { RequestContext } from '../request/context.js';

/** A client's address as Kafka's tools show it. */
export function clientHostOf({ clientAddress }: RequestContext): string {
  return `/${clientAddress.replace(/^::ffff:(?=\d+\.)/i, '')}`;
}
