import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deadlines, type Mortal } from '../../../server/coordination/deadlines.js';

interface Named extends Mortal {
  readonly id: number;
}

const named = (id: number): Named => ({
  id,
  deadlineMs: Number.POSITIVE_INFINITY,
  queuedMs: Number.POSITIVE_INFINITY,
});

type Command =
  | { readonly kind: 'set'; readonly who: number; readonly atMs: number | null }
  | { readonly kind: 'remove'; readonly who: number }
  | { readonly kind: 'advance'; readonly byMs: number };

const who = fc.nat({ max: 9 });
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('set' as const),
      who,
      atMs: fc.option(fc.nat({ max: 100 })),
    }),
    fc.record({ kind: fc.constant('remove' as const), who }),
    fc.record({ kind: fc.constant('advance' as const), byMs: fc.nat({ max: 30 }) }),
  ),
  { maxLength: 200, size: 'max' },
);

test('a holder falls due at its last deadline, however often it was moved, and only once', () => {
  fc.assert(
    fc.property(commands, (sequence) => {
      const deadlines = new Deadlines<Named>();
      const all = Array.from({ length: 10 }, (_, id) => named(id));
      let nowMs = 0;
      for (const command of sequence) {
        if (command.kind === 'set') {
          const atMs = command.atMs === null ? Number.POSITIVE_INFINITY : nowMs + command.atMs;
          deadlines.set(all[command.who]!, atMs);
        } else if (command.kind === 'remove') {
          deadlines.remove(all[command.who]!);
        } else {
          nowMs += command.byMs;
          const expected = all.filter(({ deadlineMs }) => deadlineMs <= nowMs);
          const due: Named[] = [];
          for (;;) {
            const one = deadlines.takeDue(nowMs);
            if (one === undefined) break;
            due.push(one);
            deadlines.remove(one);
            one.deadlineMs = Number.POSITIVE_INFINITY;
          }
          expect(due.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
        }
        const times = all.map(({ deadlineMs }) => deadlineMs);
        expect(deadlines.nextMs).toBeLessThanOrEqual(Math.min(...times));
      }
    }),
  );
});

test('deadlines that come nearer again and again take bounded memory', () => {
  const deadlines = new Deadlines<Named>();
  const one = named(1);
  for (let n = 0; n < 10_000; n++) deadlines.set(one, 1_000_000 - n);
  expect(deadlines.size).toBeLessThan(100);
});

test('a deadline that is put off costs no place in the queue', () => {
  const deadlines = new Deadlines<Named>();
  const one = named(1);
  for (let n = 0; n < 100; n++) deadlines.set(one, 1000 + n);
  expect(deadlines.size).toBe(1);
  expect(deadlines.takeDue(1050)).toBeUndefined();
  expect(deadlines.takeDue(1099)).toBe(one);
});
