import type { BrokerImage } from './image.js';

/** The facts of a connection that decide which address its client is told. */
interface WayIn {
  /** Name of the listener, upper case. */
  readonly listener: string;
  readonly localAddress: string;
  readonly localPort: number;
}

/**
 * The address at which the client of `connection` reaches a broker on the client's own listener;
 * null if the broker has no such listener. Where the address is not fixed, it is the one that the
 * client itself connected to: the host of an `as-connected` listener, the port of a listener that
 * was given a free port.
 */
export function endpointFor(
  broker: BrokerImage,
  connection: WayIn,
): { host: string; port: number } | null {
  const advertised = broker.endpoints.get(connection.listener);
  if (advertised === undefined) return null;
  if (advertised.kind === 'as-connected') {
    return { host: plainAddress(connection.localAddress), port: connection.localPort };
  }
  return {
    host: advertised.host,
    port: advertised.port === 0 ? connection.localPort : advertised.port,
  };
}

/**
 * A socket that listens on both families shows IPv4 addresses as ::ffff:a.b.c.d, which clients need
 * not understand.
 */
function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
