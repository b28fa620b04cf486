import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assignmentProblem,
  type PlacementBroker,
  placeReplicas,
} from '../../../server/metadata/placement.js';

/** Brokers by the racks that they are in; null for none. */
const brokersIn = (...racks: (string | null)[]): PlacementBroker[] =>
  racks.map((rack, at) => ({ nodeId: at + 1, rack }));

const RACK = fc.constantFrom(null, 'a', 'b', 'c', 'd');

/** A cluster, and a topic that it has room for. */
const WISH = fc
  .uniqueArray(fc.record({ nodeId: fc.integer({ min: 0, max: 1000 }), rack: RACK }), {
    minLength: 1,
    maxLength: 12,
    selector: ({ nodeId }) => nodeId,
  })
  .chain((brokers) =>
    fc.record({
      topic: fc.string({ maxLength: 20 }),
      brokers: fc.constant(brokers),
      replicationFactor: fc.integer({ min: 1, max: brokers.length }),
      present: fc.constant([]),
      count: fc.integer({ min: 0, max: 60 }),
    }),
  );

/** The same with as many brokers in each rack. */
const EVEN_WISH = fc
  .record({ racks: fc.integer({ min: 1, max: 4 }), inEach: fc.integer({ min: 1, max: 4 }) })
  .chain(({ racks, inEach }) =>
    fc.record({
      topic: fc.string({ maxLength: 20 }),
      brokers: fc.constant(
        brokersIn(...Array.from({ length: racks * inEach }, (_, at) => `r${at % racks}`)),
      ),
      replicationFactor: fc.integer({ min: 1, max: racks * inEach }),
      present: fc.constant([]),
      count: fc.integer({ min: 0, max: 100 }),
    }),
  );

/** How often each broker occurs. */
function countsOf(brokers: readonly PlacementBroker[], nodeIds: readonly number[]): number[] {
  return brokers.map((broker) => nodeIds.filter((id) => id === broker.nodeId).length);
}

const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts);

describe('replicas', () => {
  test('are as many as asked for, each on another broker of the cluster', () => {
    fc.assert(
      fc.property(WISH, (wish) => {
        const known = new Set(wish.brokers.map(({ nodeId }) => nodeId));
        const placed = placeReplicas(wish);
        expect(placed).toHaveLength(wish.count);
        for (const replicas of placed) {
          expect(new Set(replicas).size).toBe(wish.replicationFactor);
          expect(replicas).toHaveLength(wish.replicationFactor);
          expect(replicas.every((id) => known.has(id))).toBe(true);
        }
      }),
    );
  });

  test('are in as many racks as there are, and none has two more than another with room', () => {
    fc.assert(
      fc.property(WISH, (wish) => {
        const rackOf = new Map(wish.brokers.map(({ nodeId, rack }) => [nodeId, rack]));
        const size = (rack: string | null): number =>
          wish.brokers.filter((broker) => broker.rack === rack).length;
        const racks = [...new Set(rackOf.values())];
        for (const replicas of placeReplicas(wish)) {
          const inRack = (rack: string | null): number =>
            replicas.filter((id) => rackOf.get(id) === rack).length;
          const most = Math.max(...racks.map(inRack));
          for (const rack of racks) {
            expect(inRack(rack)).toBeGreaterThanOrEqual(Math.min(size(rack), most - 1));
          }
        }
      }),
    );
  });

  test('are led by every broker as often as by any other, but for one', () => {
    fc.assert(
      fc.property(WISH, (wish) => {
        const leaders = placeReplicas(wish).map(([leader]) => leader!);
        expect(spread(countsOf(wish.brokers, leaders))).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('of even racks are spread evenly over all brokers', () => {
    fc.assert(
      fc.property(EVEN_WISH, (wish) => {
        const counts = countsOf(wish.brokers, placeReplicas(wish).flat());
        expect(spread(counts)).toBeLessThanOrEqual(wish.replicationFactor);
        const whole = wish.brokers.length * 3;
        const all = placeReplicas({ ...wish, count: whole }).flat();
        expect(spread(countsOf(wish.brokers, all))).toBe(0);
      }),
    );
  });

  test('of partitions that are added are those that they would have had from the start', () => {
    fc.assert(
      fc.property(WISH, fc.nat({ max: 60 }), (wish, seed) => {
        const all = placeReplicas(wish);
        const present = all.slice(0, seed % (wish.count + 1));
        const added = placeReplicas({ ...wish, present, count: wish.count - present.length });
        expect([...present, ...added]).toEqual(all);
      }),
    );
  });

  test('go on from the first partition, whatever has placed that', () => {
    const brokers = brokersIn(null, null, null);
    const placed = { topic: 't', brokers, replicationFactor: 1, count: 3 };
    expect(placeReplicas({ ...placed, present: [[2]] })).toEqual([[3], [1], [2]]);
    expect(placeReplicas({ ...placed, present: [[3]] })).toEqual([[1], [2], [3]]);
  });

  test('do not depend on the order in which brokers are told', () => {
    fc.assert(
      fc.property(WISH, (wish) => {
        const brokers = [...wish.brokers].reverse();
        expect(placeReplicas({ ...wish, brokers })).toEqual(placeReplicas(wish));
      }),
    );
  });

  test('of one node are that node', () => {
    const wish = { topic: 't', brokers: brokersIn(null), replicationFactor: 1, present: [] };
    expect(placeReplicas({ ...wish, count: 3 })).toEqual([[1], [1], [1]]);
  });

  test('of topics of one partition begin on different brokers', () => {
    const brokers = brokersIn('a', 'b', 'c');
    const leaders = Array.from({ length: 300 }, (_, at) => {
      const wish = { topic: `topic-${at}`, brokers, replicationFactor: 3, present: [], count: 1 };
      return placeReplicas(wish)[0]![0]!;
    });
    for (const count of countsOf(brokers, leaders)) expect(count).toBeGreaterThan(60);
  });

  test.each([
    [0, 'Replication factor must be larger than 0, or -1 for the default'],
    [-2, 'Replication factor must be larger than 0, or -1 for the default'],
    [3, 'Replication factor: 3 larger than available brokers: 2'],
  ])('of %i are refused', (replicationFactor, message) => {
    const brokers = brokersIn(null, null);
    const wish = { topic: 't', brokers, replicationFactor, present: [], count: 1 };
    expect(() => placeReplicas(wish)).toThrow(
      expect.objectContaining({ code: 'INVALID_REPLICATION_FACTOR', message }),
    );
  });
});

describe('replicas that a client has chosen', () => {
  const brokers = brokersIn('a', 'a', 'b');

  test.each([
    [[1], undefined],
    [[3, 1, 2], undefined],
    [[2, 3], 2],
  ])('can be %j', (nodeIds, factor) => {
    expect(assignmentProblem(nodeIds, brokers, factor)).toBeNull();
  });

  test.each([
    [[], undefined, 'this cluster consists of nodes 1, 2, 3'],
    [[4], undefined, 'replicas [4] cannot be placed'],
    [[1, 1], undefined, 'replicas [1, 1] cannot be placed'],
    [[1, 2, 3, 1], undefined, 'cannot be placed'],
    [[1, 2], 1, 'replicas [1, 2] are 2, and other partitions of the topic have 1'],
  ])('cannot be %j beside %j', (nodeIds, factor, problem) => {
    expect(assignmentProblem(nodeIds, brokers, factor)).toContain(problem);
  });
});
