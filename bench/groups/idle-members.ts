import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cleanUpAtExit, stopChild } from '../lib/children.js';
import { readMemory, readUsage } from '../lib/proc.js';
import { median } from '../lib/statistics.js';
import { startPinnedBroker } from './pinned-broker.js';
import { RawMember } from './raw-member.js';

/*
 * What idle members cost: each on a connection of its own, one heartbeat every three seconds, evenly spread, nothing else. CPU is
 * the broker's user and system time over each window; memory its private resident memory, before the first connection against
 * the end of each window.
 */

cleanUpAtExit();
const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '1000' },
    groups: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    windows: { type: 'string', default: '3' },
  },
});
const memberCount = Number(values.members);
const groupCount = Number(values.groups);
const windowMs = Number(values.seconds) * 1000;
const windows = Number(values.windows);
const HEARTBEAT_MS = 3000;
const SESSION_MS = 30_000;

const broker = await startPinnedBroker({ core: 0 });
// The first request of each kind compiles its codecs and creates the offsets topic; that is not the members'.
const first = await RawMember.connect(optionsOf('warm'));
await first.client.call('FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['warm'] });
await first.settle((members) => plan(members));
for (let at = 0; at < 2000; at++) await first.heartbeat();
first.client.close();
await sleep(3000);

const idle = await windowOf(Math.min(windowMs, 20_000), async () => {});
const beforeBytes = readMemory(broker.pid).rssAnonBytes;
const joiningMs = performance.now();
const members = await Promise.all(
  Array.from({ length: memberCount }, (_, at) =>
    RawMember.connect(optionsOf(`g${at % groupCount}`)),
  ),
);
await settleAll();
const joinedMs = performance.now() - joiningMs;

const beats = members.map((member) => ({ member, frame: member.heartbeatFrame() }));
let failures = 0;
// A minute of heartbeats first: what joining left behind is collected by then.
await heartbeatFor(Math.min(windowMs, 30_000));
const cpuShares: number[] = [];
const memberBytes: number[] = [];
for (let window = 0; window < windows; window++) {
  cpuShares.push(await windowOf(windowMs, () => heartbeatFor(windowMs)));
  memberBytes.push((readMemory(broker.pid).rssAnonBytes - beforeBytes) / memberCount);
}
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KB`;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
say(`${memberCount} members in ${groupCount} group(s), joined within ${joinedMs.toFixed(0)} ms`);
say(`failed heartbeats: ${failures}`);
say(`CPU of one core without members: ${percent(idle)}`);
say(`CPU of one core with them: median ${percent(median(cpuShares))} of ${cpuShares.map(percent)}`);
say(`RssAnon before: ${kilobytes(beforeBytes)}`);
say(`memory of each: median ${kilobytes(median(memberBytes))} of ${memberBytes.map(kilobytes)}`);
await stopChild(broker.child);
process.exit(failures === 0 ? 0 : 1);

function optionsOf(groupId: string) {
  return { port: broker.port, groupId, sessionTimeoutMs: SESSION_MS, metadata: Buffer.alloc(32) };
}

function plan(members: readonly { readonly memberId: string }[]) {
  return members.map(({ memberId }) => ({ memberId, assignment: Buffer.alloc(32) }));
}

/** Every member joins, and joins again as long as others have come after it. */
async function settleAll(): Promise<void> {
  await Promise.all(
    members.map(async (member) => {
      await member.settle(plan);
      for (let quiet = 0; quiet < 3; quiet++) {
        await sleep(500);
        if (await member.heartbeat()) continue;
        await member.settle(plan);
        quiet = 0;
      }
    }),
  );
}

/** Each member at its own moment of every three seconds. */
async function heartbeatFor(durationMs: number): Promise<void> {
  const startMs = performance.now();
  let next = 0;
  const total = Math.round((durationMs / HEARTBEAT_MS) * memberCount);
  while (next < total) {
    const due = Math.min(total, ((performance.now() - startMs) / HEARTBEAT_MS) * memberCount);
    for (; next < due; next++) beat(next % memberCount);
    await sleep(1);
  }
}

function beat(at: number): void {
  const { member, frame } = beats[at]!;
  member.client.exchange(frame).then((answer) => {
    // Correlation id, no tags, throttle time, then the error code.
    if (answer.readInt16BE(9) !== 0) failures += 1;
  });
}

async function windowOf(durationMs: number, work: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  const { cpuMs } = readUsage(broker.pid);
  await Promise.all([work(), sleep(durationMs)]);
  return (readUsage(broker.pid).cpuMs - cpuMs) / (performance.now() - startMs);
}
