import { resolve } from 'node:path';
import { FrameRecorder } from './frame-recorder.js';
import type { ConnectionTap } from './relay.js';

/** Where `npm run capture:wire` wants the frames. */
const FOLDER = process.env.ODRADEK_CAPTURE;

export interface FrameCapture {
  /** For the cluster; null where nothing is captured. */
  readonly tap: (() => ConnectionTap) | null;
  /** Writes the client's golden frames, if any are wanted. */
  write(): void;
}

/** Records what a client sends and gets, if this run is made for that. */
export function frameCapture(client: string): FrameCapture {
  if (FOLDER === undefined) return { tap: null, write: () => {} };
  const recorder = new FrameRecorder();
  return { tap: () => recorder.tap(), write: () => recorder.write(resolve(FOLDER), client) };
}
