import { APIS, lookupApi } from '../../../server/handlers/apis.js';
import { FrameMemory } from '../../../server/net/receiving/frame-memory.js';
import { FrameParser, FramingError, type OnFrame } from '../../../server/net/receiving/framing.js';
import type { Api } from '../../../server/protocol/api.js';
import { decodeRequest, decodeResponse } from '../../../server/protocol/frame.js';
import type { FuzzRandom } from '../lib/fuzz-random.js';
import { EXAMPLES, FRAMES } from '../lib/golden-frames.js';
import { mutate, noise } from '../lib/mutate.js';
import { orProtocolError, orRefused } from '../lib/refusal.js';
import { BrokenPromise, stateless, type Target } from '../lib/target.js';

const apis: readonly Api[] = Object.values(APIS);
const LIMITS = { sizeMin: 8, sizeMax: 4_000, allocateAtOnceBytes: 1_000 };

const request = stateless(
  'wire.request',
  (random) => {
    const frame = mutate(random, random.pick(FRAMES), random.pick(FRAMES));
    if (frame.length >= 4 && random.once(4)) {
      const { key, min, max } = random.pick(apis);
      frame.writeInt16BE(key, 0);
      frame.writeInt16BE(min + random.below(max - min + 1), 2);
    }
    return frame;
  },
  (frame) => void orProtocolError(() => decodeRequest(frame, lookupApi, 10_000)),
);

/** Answers, as the command's own client reads them. The first two bytes choose API and version. */
const response = stateless(
  'wire.response',
  (random) => {
    const example = random.pick(EXAMPLES);
    const choice = Buffer.of(apis.indexOf(example.api), example.version);
    const bytes = mutate(random, example.response, random.pick(EXAMPLES).response);
    return Buffer.concat([choice, bytes]);
  },
  (input) => {
    const api = apis[input[0]!]!;
    orProtocolError(() => decodeResponse(api, input[1]!, input.subarray(2)));
  },
);

/** A stream of frames in pieces of any size. Each piece has its size in front, in two bytes. */
const framing = stateless('wire.framing', pieces, (input) => {
  const memory = new FrameMemory(1_000_000);
  const parser = new FrameParser(LIMITS, memory);
  const stream: Buffer[] = [];
  const frames: Buffer[] = [];
  const onFrame: OnFrame = (frame, slab) => {
    frames.push(Buffer.from(frame));
    slab?.release();
  };
  orRefused(FramingError, () => {
    for (const piece of piecesIn(input)) {
      stream.push(piece);
      const into = parser.receiveInto();
      if (into !== null && into.length >= piece.length) {
        piece.copy(into);
        parser.push(into.subarray(0, piece.length), onFrame);
      } else parser.push(Buffer.from(piece), onFrame);
    }
  });
  parser.close();
  const sent = Buffer.concat(stream);
  let at = 0;
  for (const frame of frames) {
    const size = sent.readInt32BE(at);
    if (size !== frame.length || !sent.subarray(at + 4, at + 4 + size).equals(frame)) {
      throw new BrokenPromise(`the frame at ${at} is not what was sent`);
    }
    at += 4 + size;
  }
  const next = sent.length - at >= 4 ? sent.readInt32BE(at) : 0;
  const isWhole = next >= LIMITS.sizeMin && sent.length - at - 4 >= next;
  if (isWhole && next <= LIMITS.sizeMax) throw new BrokenPromise(`the frame at ${at} is missing`);
});

function pieces(random: FuzzRandom): Buffer {
  const frames: Buffer[] = [];
  for (let left = 1 + random.below(6); left > 0; left--) {
    const size = random.once(4) ? random.below(5_000) : 8 + random.below(200);
    const frame = Buffer.alloc(4 + size, left);
    frame.writeInt32BE(random.once(12) ? random.bits() | 0 : size);
    frames.push(frame);
  }
  let stream: Buffer = Buffer.concat(frames);
  if (random.once(6)) stream = mutate(random, stream, noise(random, 20));
  const cut: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    const piece = stream.subarray(at, at + 1 + random.below(random.once(3) ? 8 : 2_000));
    const size = Buffer.alloc(2);
    size.writeUInt16BE(piece.length);
    cut.push(size, piece);
    at += piece.length;
  }
  return Buffer.concat(cut);
}

function* piecesIn(input: Buffer): Generator<Buffer> {
  for (let at = 0; at + 2 <= input.length; ) {
    const size = input.readUInt16BE(at);
    yield input.subarray(at + 2, at + 2 + size);
    at += 2 + size;
  }
}

export const WIRE_TARGETS: readonly Target[] = [request, response, framing];
