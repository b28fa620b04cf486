import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../server/cli/consumer-protocol.js';
import type { RecordBytes } from '../../../server/coordination/record-codec.js';
import { decodeRecord, encodeRecord } from '../../../server/groups/records.js';
import type { FuzzRandom } from '../lib/fuzz-random.js';
import { mutate } from '../lib/mutate.js';
import { orProtocolError } from '../lib/refusal.js';
import { BrokenPromise, stateless, type Target } from '../lib/target.js';

const SUBSCRIPTION = encodeSubscription(['t', 'another']);
const ASSIGNMENT = encodeAssignment(new Map([['t', [0, 1, 2]]]));
const OFFSET = {
  offset: 42,
  leaderEpoch: 1,
  metadata: 'm',
  commitTimestamp: 1_767_225_600_000,
  expireTimestamp: -1,
  topicId: 'AAECAwQFBgcICQoLDA0ODw',
};

const RECORDS: readonly RecordBytes[] = [
  encodeRecord({ kind: 'offset', group: 'g', topic: 't', partition: 0, value: OFFSET }),
  encodeRecord({
    kind: 'offset',
    group: 'g',
    topic: 't',
    partition: 0,
    value: { ...OFFSET, expireTimestamp: 1_800_000_000_000 },
  }),
  encodeRecord({
    kind: 'group',
    group: 'g',
    value: {
      protocolType: 'consumer',
      generation: 3,
      protocol: 'range',
      leader: 'm-1',
      currentStateTimestamp: 1_767_225_600_000,
      members: [
        {
          memberId: 'm-1',
          groupInstanceId: null,
          clientId: 'c',
          clientHost: '/127.0.0.1',
          rebalanceTimeout: 60_000,
          sessionTimeout: 10_000,
          subscription: SUBSCRIPTION,
          assignment: ASSIGNMENT,
        },
      ],
    },
  }),
];

/** The key's size in one byte, the key, the value. */
function changedRecord(random: FuzzRandom): Buffer {
  const { key, value } = random.pick(RECORDS);
  const newKey = random.once(3) ? mutate(random, key).subarray(0, 255) : key;
  const newValue = random.once(4)
    ? Buffer.from(value!)
    : mutate(random, value!, random.pick(RECORDS).value!);
  if (newValue.length >= 2 && random.once(3)) newValue.writeInt16BE(random.below(6), 0);
  return Buffer.concat([Buffer.of(newKey.length), newKey, newValue]);
}

/** What was read of a record can be written, and reads the same again. */
const records = stateless('groups.records', changedRecord, (input) => {
  const end = 1 + input[0]!;
  const value = input.subarray(end);
  const record = orProtocolError(() => decodeRecord(input.subarray(1, end), value));
  if (record === undefined || record === null) return;
  const written = orProtocolError(() => encodeRecord(record));
  if (written === undefined) return;
  const again = decodeRecord(written.key, written.value);
  if (again?.group !== record.group) throw new BrokenPromise(`the group became ${again?.group}`);
});

const subscription = stateless(
  'groups.subscription',
  (random) => mutate(random, random.pick([SUBSCRIPTION, ASSIGNMENT]), SUBSCRIPTION),
  (input) => {
    decodeSubscription(input);
    decodeAssignment(input);
  },
);

export const GROUP_TARGETS: readonly Target[] = [records, subscription];
