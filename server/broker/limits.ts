import { descriptorsForConnections } from '../../engine/index.js';
import { SERVER_LIMITS, type ServerLimits } from '../limits.js';
import type { BrokerSettings } from '../settings/broker-settings.js';

/** The broker's limits: those of the table, unless settings change them. */
export function limitsOf(settings: BrokerSettings): ServerLimits {
  const bytesInFlightMax = settings.bytesInFlightMax ?? SERVER_LIMITS.bytesInFlightMax;
  return {
    ...SERVER_LIMITS,
    connectionsMax: Math.min(
      settings.connectionsMax ?? SERVER_LIMITS.connectionsMax,
      descriptorsForConnections(),
    ),
    connectionsPerIpMax: settings.connectionsPerAddressMax ?? SERVER_LIMITS.connectionsPerIpMax,
    requestBytesMax: settings.requestBytesMax,
    bytesInFlightMax,
    bytesInFlightPerConnection: Math.min(
      SERVER_LIMITS.bytesInFlightPerConnection,
      bytesInFlightMax,
    ),
    idleMs: settings.connectionIdleMs,
  };
}
