import { expect, test } from 'vitest';
import { type Catalog, openLmdbCatalog } from '../../../engine/index.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { beside, startAttackedBroker } from './attacked-broker.js';
import { int32 } from './wire-client.js';

const EVIL = 'evil\n{"level":"error","msg":"forged"}\u001b[2J\u001b]0;title\u0007\r\u202e\0';

test('a client id with line ends, escape sequences and marks of direction stays within one line, escaped', async () => {
  let isBroken = false;
  const broker = await startAttackedBroker({
    // A disk that fails in an unexpected way makes the broker name a client.
    openCatalog: async (path, options) => {
      const catalog = await openLmdbCatalog(path, options);
      const write: Catalog['write'] = (changes) =>
        isBroken ? Promise.reject(new Error('no such luck')) : catalog.write(changes);
      return {
        get: (key) => catalog.get(key),
        range: (prefix) => catalog.range(prefix),
        close: () => catalog.close(),
        write,
      };
    },
  });
  await beside(broker, async () => {
    const client = await broker.connect();
    isBroken = true;
    client.send('InitProducerId', 4, { transactionalId: null, transactionTimeoutMs: 1000 }, EVIL);
    expect((await client.next('InitProducerId', 4)).errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    isBroken = false;
  });
  expect(broker.lines).toHaveLength(1);
  const [line] = broker.lines;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there.
  expect(line!.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  expect(JSON.parse(line!)).toMatchObject({
    clientId: 'evil\\n{"level":"error","msg":"forged"}\\x1b[2J\\x1b]0;title\\x07\\r\\u202e\\x00',
  });
});

test('the same complaint three hundred times is a few lines', async () => {
  const broker = await startAttackedBroker();
  for (let round = 0; round < 300; round++) {
    const client = await broker.connect();
    await client.write(int32(-1));
    expect(await client.nextFrame()).toBeNull();
  }
  expect(broker.lines.length).toBeLessThan(10);
});
