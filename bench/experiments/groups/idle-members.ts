import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Child, cleanUpAtExit, startChild, stopChild } from '../../lib/children.js';
import { programPath } from '../../lib/paths.js';
import { readMemory, readUsage } from '../../lib/proc.js';
import { median } from '../../lib/statistics.js';
import { startPinnedBroker } from './pinned-broker.js';
import { RawClient } from './raw-client.js';
import { RawMember } from './raw-member.js';

/*
 * What idle members cost: each on a connection of its own, one heartbeat every three seconds,
 * evenly spread, nothing else. CPU is the broker's user and system time over each window. Windows
 * alternate with those of a bare echo server under the same load, which is what Node itself costs
 * here. Memory is the broker's private resident memory at the end of each window, against that
 * before the first member.
 */

cleanUpAtExit();
const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '1000' },
    groups: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    windows: { type: 'string', default: '3' },
    /** Heartbeats of one member before all others come. */
    warm: { type: 'string', default: '20000' },
    /**
     * The heap's young generation in MB, which grows and shrinks by more than all members together.
     * 0: as Node likes it.
     */
    young: { type: 'string', default: '0' },
  },
});
const memberCount = Number(values.members);
const groupCount = Number(values.groups);
const windowMs = Number(values.seconds) * 1000;
const HEARTBEAT_MS = 3000;
/** Long enough to last while it is the other side that is measured. */
const SESSION_MS = 600_000;

/** What is under load: its process, and how its connections are used, one after another. */
interface Side {
  readonly pid: number;
  readonly beats: readonly (() => void)[];
  readonly cpuShares: number[];
}

const nodeArguments = values.young === '0' ? [] : [`--max-semi-space-size=${values.young}`];
const broker = await startPinnedBroker({ core: 0, nodeArguments });
await warmUp();
const beforeBytes = readMemory(broker.pid).rssAnonBytes;
const startMs = performance.now();
const members = await Promise.all(
  Array.from({ length: memberCount }, (_, at) =>
    RawMember.connect(optionsOf(`g${at % groupCount}`)),
  ),
);
await Promise.all(members.map(settle));
const joinedMs = performance.now() - startMs;

let failures = 0;
const ours: Side = { pid: broker.pid, beats: members.map(beatOf), cpuShares: [] };
const { child: echo, port: echoPort } = await startEcho();
const clients = await Promise.all(members.map(() => RawClient.connect(echoPort)));
// A size prefix and as many bytes as a heartbeat has.
const frame = RawClient.frame('Heartbeat', 4, {
  groupId: 'g',
  generationId: 1,
  memberId: 'm'.repeat(43),
});
const floor: Side = {
  pid: echo.pid,
  beats: clients.map((client) => () => void client.exchange(frame)),
  cpuShares: [],
};
for (const side of [ours, floor]) await load(side, Math.min(windowMs, 10_000));
const memberBytes: number[] = [];
for (let window = 0; window < Number(values.windows); window++) {
  for (const side of [ours, floor]) await measure(side);
  memberBytes.push((readMemory(broker.pid).rssAnonBytes - beforeBytes) / memberCount);
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
say(
  `${memberCount} members in ${groupCount} group(s), joined and quiet after ${joinedMs.toFixed(0)} ms`,
);
say(`failed heartbeats: ${failures}`);
for (const [name, { cpuShares }] of [
  ['the broker', ours],
  ['a bare echo server', floor],
] as const) {
  say(
    `CPU of one core, ${name}: median ${percent(median(cpuShares))} of ${cpuShares.map(percent)}`,
  );
}
say(`private memory before: ${kilobytes(beforeBytes)}`);
say(`memory of each: median ${kilobytes(median(memberBytes))} of ${memberBytes.map(kilobytes)}`);
await Promise.all([stopChild(broker.child), stopChild(echo)]);
process.exit(failures === 0 ? 0 : 1);

function optionsOf(groupId: string) {
  return { port: broker.port, groupId, sessionTimeoutMs: SESSION_MS, metadata: Buffer.alloc(32) };
}

function plan(all: readonly { readonly memberId: string }[]) {
  return all.map(({ memberId }) => ({ memberId, assignment: Buffer.alloc(32) }));
}

/**
 * The first request of each kind compiles its codecs, and one creates the offsets topic; that is
 * not the members'.
 */
async function warmUp(): Promise<void> {
  const first = await RawMember.connect(optionsOf('warm'));
  await first.client.call('FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['warm'] });
  await first.settle(plan);
  for (let at = 0; at < Number(values.warm); at++) await first.heartbeat();
  first.client.close();
}

/** Joins, and joins again as long as others come after it. */
async function settle(member: RawMember): Promise<void> {
  await member.settle(plan);
  for (let quiet = 0; quiet < 3; quiet++) {
    await sleep(500);
    if (await member.heartbeat()) continue;
    await member.settle(plan);
    quiet = 0;
  }
}

function beatOf(member: RawMember): () => void {
  const heartbeat = member.heartbeatFrame();
  return () => {
    void member.client.exchange(heartbeat).then((answer) => {
      // Correlation id, no tags, throttle time, then the error code.
      if (answer.readInt16BE(9) !== 0) failures += 1;
    });
  };
}

async function startEcho(): Promise<{ readonly child: Child; readonly port: number }> {
  const program = programPath('groups/echo-server');
  const child = await startChild(['taskset', '-c', '0', process.execPath, program]);
  while (!child.output().includes('\n')) await once(child.process.stdout!, 'data');
  return { child, port: Number(child.output().split(' ')[1]) };
}

async function measure(side: Side): Promise<void> {
  const fromMs = performance.now();
  const { cpuMs } = readUsage(side.pid);
  await load(side, windowMs);
  side.cpuShares.push((readUsage(side.pid).cpuMs - cpuMs) / (performance.now() - fromMs));
}

/** Each connection at its own moment of every three seconds. */
async function load({ beats }: Side, durationMs: number): Promise<void> {
  const fromMs = performance.now();
  const count = Math.round((durationMs / HEARTBEAT_MS) * beats.length);
  for (let next = 0; next < count; ) {
    const passed = (performance.now() - fromMs) / HEARTBEAT_MS;
    for (const due = Math.min(count, passed * beats.length); next < due; next++) {
      beats[next % beats.length]!();
    }
    await sleep(1);
  }
}
