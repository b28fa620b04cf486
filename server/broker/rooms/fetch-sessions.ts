import { FetchSessions } from '../../fetching/fetch-sessions.js';
import type { DelayedOperations } from '../../request/delayed.js';
import type { WaitKey } from '../../request/waiting.js';
import type { Ground } from '../ground.js';
import { room } from '../room.js';

/** The fetch sessions of clients, kept between their requests. */
export const fetchSessionsRoom = room(
  'fetchSessions',
  (parts: Ground & { delayed: DelayedOperations<WaitKey> }) => {
    const { clock, random, delayed, settings, limits, faults } = parts;
    const sessions = new FetchSessions({
      clock,
      random,
      delayed,
      // Faults are for requests that name a topic; requests of a session need not name one.
      slotsMax: faults === undefined ? settings.fetchSessionSlots : 0,
      partitionsMax: limits.fetchSessionPartitionsMax,
      evictionMs: limits.fetchSessionEvictionMs,
    });
    return { part: sessions };
  },
);
