import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildBatchSync } from '../../engine/batch/builder.js';
import { seededRandom } from '../../engine/random.js';
import { APIS } from '../../server/handlers/apis.js';
import { decodeResponse, encodeRequest } from '../../server/protocol/frame.js';
import { startTestBroker } from '../support/start-broker.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const FETCH_VERSION = 11;
const PRODUCE_VERSION = 7;
const CREATE_VERSION = 4;
const BATCHES = 60;

/** Sends one request and resolves with the answer without its size. */
function call(port: number, frame: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < 4) return;
      const all = Buffer.concat(chunks);
      if (bytes < all.readInt32BE(0) + 4) return;
      socket.destroy();
      resolve(all.subarray(4));
    });
    socket.write(frame);
  });
}

async function fetchAll(port: number, maxBytes: number): Promise<Buffer> {
  const fetched: Buffer[] = [];
  for (let offset = 0; offset < BATCHES; ) {
    const answer = await call(
      port,
      encodeRequest(APIS.Fetch, FETCH_VERSION, 1, 'test', {
        maxWaitMs: 0,
        minBytes: 1,
        topics: [
          {
            topic: 't',
            partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes: maxBytes }],
          },
        ],
        forgottenTopicsData: [],
      }),
    );
    const [partition] = decodeResponse(APIS.Fetch, FETCH_VERSION, answer).body.topics[0]!
      .partitions;
    expect(partition!.errorCode).toBe(0);
    const records = Buffer.from(partition!.records!);
    fetched.push(records);
    for (let at = 0; at < records.length; at += 12 + records.readInt32BE(at + 8)) offset++;
  }
  return Buffer.concat(fetched);
}

test('what is on disk only arrives like what is in memory, by sendfile and by copying', async () => {
  const random = seededRandom(11);
  const dataDir = temporaryFolder();
  const writer = await startTestBroker({ dataDir });
  await call(
    writer.port,
    encodeRequest(APIS.CreateTopics, CREATE_VERSION, 1, 'test', {
      topics: [{ name: 't', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: 10_000,
      validateOnly: false,
    }),
  );
  for (let at = 0; at < BATCHES; at++) {
    const value = random.fill(Buffer.alloc(1 + Math.floor(random.next() * 300_000)));
    const records = buildBatchSync([{ key: null, value, timestamp: at }]);
    await call(
      writer.port,
      encodeRequest(APIS.Produce, PRODUCE_VERSION, 1, 'test', {
        acks: -1,
        timeoutMs: 10_000,
        topics: [{ name: 't', partitions: [{ index: 0, records }] }],
      }),
    );
  }
  const written = await fetchAll(writer.port, 1_000_000);
  await writer.close();
  for (const sendfile of ['true', 'false']) {
    for (const maxBytes of [1, 100_000, 1_000_000, 50_000_000]) {
      forget(join(dataDir, 't-0'));
      const broker = await startTestBroker({
        dataDir,
        config: { 'odradek.sendfile.enable': sendfile },
      });
      const fetched = await fetchAll(broker.port, maxBytes);
      expect(fetched.equals(written), `sendfile ${sendfile}, ${maxBytes} bytes`).toBe(true);
      await broker.close();
    }
  }
});

/** Has the page cache forget the files of a folder, where the system has a way. */
function forget(folder: string): void {
  if (process.platform !== 'linux') return;
  for (const name of readdirSync(folder)) {
    execFileSync('dd', [`if=${join(folder, name)}`, 'iflag=nocache', 'count=0', 'status=none']);
  }
}
