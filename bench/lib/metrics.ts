/** What a metric is called in tables, and how it is written there. */
export interface Metric {
  readonly label: string;
  readonly digits: number;
}

/** Every metric that a row may have. Names end in their unit; GB and MB are decimal. */
export const METRICS: Readonly<Record<string, Metric>> = {
  throughputMBs: { label: 'MB/s', digits: 0 },
  requestsPerS: { label: 'requests/s', digits: 0 },
  recordsPerS: { label: 'records/s', digits: 0 },
  cpuSPerGB: { label: 'CPU-s/GB', digits: 2 },
  cpuUsPerRequest: { label: 'CPU µs/request', digits: 1 },
  driverCpuShare: { label: 'driver busy', digits: 2 },
  brokerCpuShare: { label: 'broker busy', digits: 2 },
  segmentsDeleted: { label: 'segments deleted', digits: 0 },
  otherCpuShare: { label: 'idle one busy', digits: 3 },
  nsPerCall: { label: 'ns/call', digits: 0 },
  p50Us: { label: 'p50 µs', digits: 0 },
  p99Us: { label: 'p99 µs', digits: 0 },
  p999Us: { label: 'p99.9 µs', digits: 0 },
  maxUs: { label: 'max µs', digits: 0 },
  startMs: { label: 'start ms', digits: 0 },
  reopenMs: { label: 'reopen ms', digits: 0 },
  restartMs: { label: 'start ms, clean', digits: 0 },
  restartKilledMs: { label: 'start ms, killed', digits: 0 },
  createMs: { label: 'create ms', digits: 0 },
  descriptors: { label: 'descriptors', digits: 0 },
  rssPerPartitionKB: { label: 'RSS KB/partition', digits: 1 },
  appendUs: { label: 'µs/append', digits: 1 },
  rssAnonMB: { label: 'RSS MB', digits: 0 },
  peakRssMB: { label: 'peak RSS MB', digits: 0 },
  syscallsPer1000: { label: 'syscalls/1000 acks', digits: 1 },
  syncsPer1000: { label: 'syncs/1000 acks', digits: 1 },
  syncsPerRound: { label: 'syncs/round', digits: 2 },
  acksPerSync: { label: 'acks/sync', digits: 1 },
  allocatedBytesPerRequest: { label: 'heap B/request', digits: 0 },
  descriptorsPerPartition: { label: 'descriptors/partition', digits: 2 },
  filesPerPartition: { label: 'files/partition', digits: 2 },
  diskBytesPerPayloadByte: { label: 'disk B/payload B', digits: 4 },
  copiesPerProducedByte: { label: 'copies/produced B', digits: 2 },
  copiesPerFetchedByte: { label: 'copies/fetched B', digits: 2 },
};

/** Below this a figure without decimals would hide what it is. */
const SMALL = 10;

/** A figure as tables write it. */
export function formatMetric(name: string, value: number): string {
  return value.toLocaleString('en-US', {
    minimumFractionDigits: 0,
    maximumFractionDigits: Math.max(METRICS[name]?.digits ?? 2, value < SMALL ? 1 : 0),
  });
}

export function labelOf(name: string): string {
  return METRICS[name]?.label ?? name;
}
