import { describe, expect, test } from 'vitest';
import { APIS } from '../../../server/handlers/apis.js';
import { beside, startAttackedBroker, topicOf } from './attacked-broker.js';
import { framed, headerOf, int16, int32, requestOf } from './wire-client.js';

const FETCH_4 = headerOf(APIS.Fetch.key, 4);
const PRODUCE_9 = Buffer.concat([headerOf(APIS.Produce.key, 9), Buffer.of(0)]);
const METADATA_9 = Buffer.concat([headerOf(APIS.Metadata.key, 9), Buffer.of(0)]);
const fetchSettings = Buffer.concat([int32(-1), int32(0), int32(1), int32(1000), Buffer.of(0)]);
const MANY_BITS = Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);

describe('bytes that are no request close the connection, and only that one', () => {
  test.each([
    ['a frame length of -1', 'frame size -1 is', int32(-1)],
    ['a frame length of -2^31', 'frame size -2147483648 is', int32(-(2 ** 31))],
    ['a frame length of 0', 'frame size 0 is', int32(0)],
    ['a frame length below a header', 'frame size 7 is', framed(Buffer.alloc(7))],
    [
      'a frame length of one over the limit',
      'frame size 104857601 is',
      int32(100 * 1024 * 1024 + 1),
    ],
    ['a frame length of 2^31 - 1', 'frame size 2147483647 is', int32(2 ** 31 - 1)],
    ['HTTP', 'frame size 1195725856 is', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
    ['TLS', 'frame size 369295618 is', Buffer.from('16030102000100', 'hex')],
    ['an API key that does not exist', 'API key 9999 is not known', framed(headerOf(9999, 0))],
    ['a negative API key', 'API key -1 is not known', framed(headerOf(-1, 0))],
    ['an API key of a feature that is not there', 'API key 4 is not known', framed(headerOf(4, 0))],
    ['a version above ours', 'Fetch version 18', framed(headerOf(APIS.Fetch.key, 18))],
    ['a version below ours', 'Fetch version 3', framed(headerOf(APIS.Fetch.key, 3))],
    [
      'Produce below 3, which is advertised',
      'Produce version 0',
      framed(headerOf(APIS.Produce.key, 0)),
    ],
    ['a negative version', 'Metadata version -1', framed(headerOf(APIS.Metadata.key, -1))],
    ['no body', '4 bytes wanted at byte 13', framed(FETCH_4)],
    [
      'a client id longer than the frame',
      '32767 bytes wanted at byte 10',
      framed(FETCH_4.subarray(0, 8), int16(32_767)),
    ],
    ['a client id of length -2', 'length -2 before', framed(FETCH_4.subarray(0, 8), int16(-2))],
    [
      'an array longer than the frame',
      '12884901882 bytes wanted',
      framed(FETCH_4, fetchSettings, int32(2 ** 31 - 1)),
    ],
    [
      'an array of length -1 where there is no null',
      'null before byte 34',
      framed(FETCH_4, fetchSettings, int32(-1)),
    ],
    [
      'an array of length -2',
      'length -2 before byte 34',
      framed(FETCH_4, fetchSettings, int32(-2)),
    ],
    [
      'a string longer than the frame',
      '32767 bytes wanted',
      framed(FETCH_4, fetchSettings, int32(1), int16(32_767), Buffer.alloc(10)),
    ],
    [
      'a string that is null where none may be',
      'null before byte 36',
      framed(FETCH_4, fetchSettings, int32(1), int16(-1), Buffer.alloc(10)),
    ],
    [
      'a compact array longer than the frame',
      '8589934588 bytes wanted',
      framed(METADATA_9, Buffer.from('ffffffff0f', 'hex')),
    ],
    ['a varint of more than 32 bits', 'exceeds 32 bits', framed(METADATA_9, MANY_BITS)],
    ['a varint that never ends', 'exceeds 32 bits', framed(METADATA_9, Buffer.alloc(64, 0xff))],
    [
      'a tagged section with 2^32 - 1 tags',
      '8589934590 bytes wanted at byte 18',
      framed(METADATA_9.subarray(0, -1), Buffer.from('ffffffff0f', 'hex')),
    ],
    [
      'a tag longer than the frame',
      '4294967295 bytes wanted',
      framed(METADATA_9.subarray(0, -1), Buffer.from('0100ffffffff0f', 'hex')),
    ],
    [
      'record bytes longer than the frame',
      '2147483648 bytes wanted',
      // transactional id null, acks, timeout, one topic "t", one partition 0, records of 2^31 bytes
      framed(
        PRODUCE_9,
        Buffer.from('00', 'hex'),
        int16(-1),
        int32(1000),
        Buffer.from('02027402', 'hex'),
        int32(0),
        Buffer.from('8180808008', 'hex'),
      ),
    ],
  ])('%s', async (_what, reason, bytes) => {
    const broker = await startAttackedBroker();
    await beside(broker, async () => {
      const client = await broker.connect();
      await client.write(bytes);
      expect(await client.nextFrame()).toBeNull();
      await client.closed;
    });
    expect(broker.lines).toHaveLength(1);
    expect(JSON.parse(broker.lines[0]!)).toMatchObject({ level: 'warn', client: '127.0.0.1' });
    expect(broker.lines[0]).toContain(reason);
  });

  test('what came before it on the connection is answered first', async () => {
    const broker = await startAttackedBroker();
    const client = await broker.connect();
    await client.write(
      Buffer.concat([requestOf('Metadata', 9, { topics: [] }), int32(-1), Buffer.alloc(100)]),
    );
    expect(await client.next('Metadata', 9)).toMatchObject({ topics: [] });
    expect(await client.nextFrame()).toBeNull();
  });

  test('bytes behind the body of a request are ignored, as by Kafka', async () => {
    const broker = await startAttackedBroker();
    const client = await broker.connect();
    const request = requestOf('Metadata', 9, { topics: [] }).subarray(4);
    await client.write(framed(request, Buffer.alloc(1000, 0xff)));
    expect(await client.next('Metadata', 9)).toMatchObject({ topics: [] });
  });
});

test('ApiVersions of an unknown version is answered in version 0, and the connection goes on', async () => {
  const broker = await startAttackedBroker();
  await beside(broker, async () => {
    const client = await broker.connect();
    await client.write(framed(headerOf(APIS.ApiVersions.key, 99), Buffer.alloc(50, 0xff)));
    expect(await client.next('ApiVersions', 0)).toMatchObject({
      errorCode: 35,
      apiKeys: [{ apiKey: APIS.ApiVersions.key, minVersion: 0, maxVersion: APIS.ApiVersions.max }],
    });
    const second = await client.call('ApiVersions', 4, {
      clientSoftwareName: 'tester',
      clientSoftwareVersion: '1',
    });
    expect(second.errorCode).toBe(0);
  });
});

test('frames cut anywhere, random bytes in frames and random bytes alone do no harm to other clients', async () => {
  const broker = await startAttackedBroker();
  await beside(broker, async () => {
    const whole = requestOf('CreateTopics', 7, topicOf('never', { 'retention.ms': '1' }));
    for (let size = 0; size < whole.length - 4; size++) {
      const client = await broker.connect();
      await client.write(framed(whole.subarray(4, 4 + size)));
      expect(await client.nextFrame()).toBeNull();
      client.close();
    }
    let state = 20_261;
    const random = (): number => {
      state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff;
      return state >> 16;
    };
    for (let round = 0; round < 200; round++) {
      const client = await broker.connect();
      const body = Buffer.from(whole.subarray(4));
      // Past api key, version and correlation id.
      for (let flips = 0; flips < 3; flips++) body[8 + (random() % (body.length - 8))] = random();
      // validate_only, so that what is still a request changes nothing.
      body[body.length - 2] = 1;
      await client.write(round % 2 === 0 ? framed(body) : Buffer.concat([body, int32(-1)]));
      client.socket.end();
      await client.closed;
    }
  });
  const client = await broker.connect();
  const { topics } = await client.call('Metadata', 9, { topics: null });
  expect(topics.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^neighbour-/));
});
