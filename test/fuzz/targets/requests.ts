import { APIS } from '../../../server/handlers/apis.js';
import type { Api } from '../../../server/protocol/api.js';
import { encodeRequest } from '../../../server/protocol/frame.js';
import type { InputOf } from '../../../server/protocol/schema.js';
import type { FuzzRandom } from '../lib/fuzz-random.js';
import { FuzzedBroker } from '../lib/fuzzed-broker.js';
import { EXAMPLES } from '../lib/golden-frames.js';
import { mutate, noise } from '../lib/mutate.js';
import { SchemaValues } from '../lib/schema-values.js';
import type { Life, Target } from '../lib/target.js';

/** One for each API, all versions: changed frames of clients, and requests from the table. */
export const REQUEST_TARGETS: readonly Target[] = (Object.values(APIS) as readonly Api[]).map(
  (api) => ({
    name: `api.${api.name}`,
    inputsPerLife: 2_000,
    isStateless: false,
    begin: (seed) => beginLife(seedsOf(api), seed),
  }),
);

/** What has to come before a request comes to anything. */
const COMPANIONS: Readonly<Record<string, readonly Api[]>> = {
  Fetch: [APIS.Produce],
  ListOffsets: [APIS.Produce],
  DeleteRecords: [APIS.Produce],
  DescribeProducers: [APIS.Produce],
  SyncGroup: [APIS.JoinGroup],
  Heartbeat: [APIS.JoinGroup, APIS.SyncGroup],
  LeaveGroup: [APIS.JoinGroup, APIS.SyncGroup],
  DescribeGroups: [APIS.JoinGroup, APIS.SyncGroup, APIS.OffsetCommit],
  ListGroups: [APIS.JoinGroup, APIS.OffsetCommit],
  DeleteGroups: [APIS.OffsetCommit],
  OffsetCommit: [APIS.JoinGroup, APIS.SyncGroup],
  OffsetFetch: [APIS.OffsetCommit],
  OffsetDelete: [APIS.OffsetCommit, APIS.JoinGroup],
};

interface Seeds {
  readonly api: Api;
  readonly companions: readonly Api[];
  /** What real clients sent. */
  readonly golden: readonly Buffer[];
}

function seedsOf(api: Api): Seeds {
  const examples = EXAMPLES.filter((example) => example.api === api);
  return {
    api,
    companions: COMPANIONS[api.name] ?? [],
    golden: examples.map(({ request }) => request),
  };
}

async function beginLife(seeds: Seeds, seed: number): Promise<Life> {
  const broker = await FuzzedBroker.open(seed);
  return {
    make: (random) => requestOf(seeds, random, broker),
    feed: (frame) => broker.feed(frame),
    end: () => broker.end(),
  };
}

function requestOf(seeds: Seeds, random: FuzzRandom, broker: FuzzedBroker): Buffer {
  const { api, companions, golden } = seeds;
  if (companions.length > 0 && random.once(5)) {
    return schemaMade(random.pick(companions), random, broker);
  }
  const kind = random.below(10);
  if (golden.length > 0 && kind < 3) {
    return keepApi(api, random, mutate(random, random.pick(golden), random.pick(golden)));
  }
  const made = schemaMade(api, random, broker);
  if (kind < 8) return made;
  if (kind === 8) return keepApi(api, random, mutate(random, made));
  return keepApi(api, random, Buffer.concat([made.subarray(0, 8), noise(random, 100)]));
}

function schemaMade(api: Api, random: FuzzRandom, broker: FuzzedBroker): Buffer {
  const version = api.min + random.below(api.max - api.min + 1);
  const body = new SchemaValues(random, broker.words, version).body(api.request);
  const clientId = random.pick(['fuzz', 'fuzz', '', null]);
  return encodeRequest(api, version, 7, clientId, body as InputOf<Api['request']>).subarray(4);
}

/** The first four bytes name the API and its version; other APIs have targets of their own. */
function keepApi(api: Api, random: FuzzRandom, frame: Buffer): Buffer {
  if (frame.length < 4) return frame;
  frame.writeInt16BE(api.key, 0);
  const version = frame.readInt16BE(2);
  if ((version < api.min || version > api.max) && !random.once(20)) {
    frame.writeInt16BE(api.min + random.below(api.max - api.min + 1), 2);
  }
  return frame;
}
