import type { SegmentList } from '../segments/segment-list.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { Changes } from './changes.js';

/** The files of a log as of one moment: what was appended by then, and nothing behind it. */
export interface LogImage {
  /** Absolute path of the partition's folder. */
  readonly folder: string;
  /** The segments before the active one, whose files take no more appends. */
  readonly sealed: readonly SegmentImage[];
  /** The active segment, up to the last byte that was written; null where there is none. */
  readonly active: SegmentImage | null;
}

export interface SegmentImage {
  readonly baseOffset: number;
  readonly size: number;
}

/** The log of which an image is taken. */
export interface ImagedLog {
  readonly folder: string;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly changes: Changes;
}

/** The log as of now. */
export function imageOf({ folder, segments, offsets }: ImagedLog): LogImage {
  const active = segments.active;
  if (active === undefined) return { folder, sealed: [], active: null };
  const { written } = offsets;
  // A new segment is there before its first byte, and a checkpoint may name it.
  const size = active.baseOffset === written.segmentBase ? written.position : 0;
  const sealed = segments.all().filter((segment) => segment !== active);
  return {
    folder,
    sealed: sealed.map(({ baseOffset, writtenSize }) => ({ baseOffset, size: writtenSize })),
    active: { baseOffset: active.baseOffset, size },
  };
}

/**
 * Runs `take` while no segment of these logs is removed, cut or replaced. Appends go on, and so do
 * the changes as soon as `take` has settled.
 */
export async function whileUnchanged<Result>(
  logs: readonly ImagedLog[],
  take: () => Promise<Result>,
): Promise<Result> {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const held: Promise<void>[] = [];
  const begun = logs.map(
    ({ changes }) =>
      new Promise<void>((resolve, reject) => {
        const change = changes.run(() => {
          resolve();
          return released;
        });
        held.push(change.catch(reject));
      }),
  );
  try {
    await Promise.all(begun);
    return await take();
  } finally {
    release();
    await Promise.all(held);
  }
}
