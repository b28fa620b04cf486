import { expect, test } from 'vitest';
import { systemClock } from '../../../engine/clock.js';
import { TurnSlices } from '../../../engine/index.js';
import { LIMITS } from '../../../engine/limits.js';
import { deleteRecords } from '../../../server/handlers/data/delete-records.js';
import type { HandlerParts } from '../../../server/handlers/parts.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import type { MetadataView } from '../../../server/metadata/metadata-view.js';
import type { RequestContext } from '../../../server/request/context.js';

test('ten thousand topics are looked up in slices, each when its turn has come', async () => {
  const perTurn: number[] = [];
  let lookups = 0;
  let isOver = false;
  const count = (): void => {
    perTurn.push(lookups);
    lookups = 0;
    if (!isOver) setImmediate(count);
  };
  const metadata = {
    image: {
      topic: () => {
        lookups++;
        return undefined;
      },
    },
  } as unknown as MetadataView;
  const partitions = { find: () => expect.unreachable() };
  const { handle } = deleteRecords.open({ metadata, partitions } as unknown as HandlerParts);
  const topics = Array.from({ length: 10_000 }, (_, at) => ({
    name: `t${at}`,
    partitions: [{ partitionIndex: 0, offset: -1 }],
  }));
  const work = new TurnSlices(systemClock).begin();
  setImmediate(count);
  const answer = await handle({ work } as RequestContext, { topics, timeoutMs: 1 });
  isOver = true;
  expect(answer?.topics.map(({ name }) => name)).toEqual(topics.map(({ name }) => name));
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(
    LIMITS.turnElementsMax + SERVER_LIMITS.recordDeletionsAtOnce,
  );
});
