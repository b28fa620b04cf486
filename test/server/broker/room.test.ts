import { describe, expect, test } from 'vitest';
import { Rooms, room } from '../../../server/broker/room.js';

interface Ground {
  readonly said: string[];
}

/** Says what happens to it; each step may fail. */
function speaking<const Name extends string>(
  name: Name,
  fails: { readonly open?: true; readonly start?: true; readonly close?: true } = {},
) {
  return room(name, async ({ said }: Ground) => {
    const step = async (what: string, isFailing = false): Promise<void> => {
      said.push(`${what} ${name}`);
      if (isFailing) throw new Error(`${name} does not ${what}`);
    };
    await step('open', fails.open);
    return {
      part: `the ${name}`,
      start: () => step('start', fails.start),
      close: ({ drainMs }) => step(`close (${drainMs})`, fails.close),
    };
  });
}

const ground = (): Ground => ({ said: [] });

describe('a list of rooms', () => {
  test('is opened in order and closed in reverse, and what it gives is there by name', async () => {
    const on = ground();
    const rooms = Rooms.on<Ground>().and(speaking('cellar')).and(speaking('attic'));
    const { parts, close } = await rooms.open(on);
    expect(parts).toEqual({ said: on.said, cellar: 'the cellar', attic: 'the attic' });
    const opening = ['open cellar', 'start cellar', 'open attic', 'start attic'];
    expect(on.said).toEqual(opening);
    await close({ drainMs: 7 });
    expect(on.said).toEqual([...opening, 'close (7) attic', 'close (7) cellar']);
  });

  test('is closed once, however often that is asked for', async () => {
    const on = ground();
    const { close } = await Rooms.on<Ground>().and(speaking('cellar')).open(on);
    const closing = close({ drainMs: 1 });
    expect(close({ drainMs: 2 })).toBe(closing);
    await closing;
    expect(on.said.filter((each) => each.startsWith('close'))).toEqual(['close (1) cellar']);
  });

  test.each([
    ['opened', { open: true }, 'attic does not open', ['close (0) cellar']],
    ['started', { start: true }, 'attic does not start', ['close (0) attic', 'close (0) cellar']],
  ] as const)(
    'of which one cannot be %s closes what is open, and says why',
    async (_, fails, why, closed) => {
      const on = ground();
      const rooms = Rooms.on<Ground>()
        .and(speaking('cellar', { close: true }))
        .and(speaking('attic', fails))
        .and(speaking('roof'));
      await expect(rooms.open(on)).rejects.toThrow(why);
      expect(on.said.slice(-closed.length)).toEqual(closed);
      expect(on.said).not.toContain('open roof');
    },
  );

  test('of which some do not close goes on, and rejects with the first failure', async () => {
    const on = ground();
    const rooms = Rooms.on<Ground>()
      .and(speaking('cellar', { close: true }))
      .and(speaking('floor'))
      .and(speaking('attic', { close: true }));
    const { close } = await rooms.open(on);
    await expect(close({ drainMs: 0 })).rejects.toThrow('attic does not close');
    const closed = on.said.filter((each) => each.startsWith('close'));
    expect(closed).toEqual(['close (0) attic', 'close (0) floor', 'close (0) cellar']);
  });

  test('takes in another list, and stands on its own afterwards', async () => {
    const upper = Rooms.on<Ground & { readonly cellar: string }>().and(speaking('attic'));
    const on = ground();
    const { parts } = await Rooms.on<Ground>().and(speaking('cellar')).all(upper).open(on);
    expect(parts.attic).toBe('the attic');
    const other = ground();
    await upper.open({ ...other, cellar: 'another cellar' });
    expect(other.said).toEqual(['open attic', 'start attic']);
  });

  test('does not compile with a room in front of those that give what it asks for', async () => {
    const stairs = room('stairs', ({ cellar }: Ground & { readonly cellar: string }) => ({
      part: `from ${cellar}`,
    }));
    const rooms = Rooms.on<Ground>();
    // @ts-expect-error: there is no cellar yet.
    expect(() => rooms.and(stairs)).not.toThrow();
    // @ts-expect-error: nor is there one on this ground.
    expect(() => rooms.all(Rooms.on<{ readonly cellar: string }>())).not.toThrow();
    const { parts } = await rooms.and(speaking('cellar')).and(stairs).open(ground());
    expect(parts.stairs).toBe('from the cellar');
  });
});
