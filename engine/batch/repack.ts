import { LIMITS } from '../limits.js';
import type { TurnSlices } from '../turn-slices.js';
import { type Codec, type CodecName, codecByName } from './compression.js';
import {
  ATTRIBUTES_AT,
  attributes,
  BATCH_LENGTH_AT,
  CODEC_MASK,
  HEADER_SIZE,
  PREFIX_SIZE,
} from './header.js';
import { stampCrc } from './stamp.js';

/**
 * The batch in another codec: a new batch with the same header fields, the same bytes of records
 * before packing, and its own checksum. `payload` holds the unpacked records. Packed on a thread,
 * or in `slices` where it is small.
 *
 * @throws EngineError `CODEC_UNAVAILABLE`
 */
export async function repack(
  batch: Buffer,
  payload: Buffer,
  codecName: CodecName,
  level: number | null,
  slices: TurnSlices,
): Promise<Buffer> {
  const codec = codecByName(codecName);
  const packed = await pack(codec, payload, level, slices);
  const repacked = Buffer.allocUnsafe(HEADER_SIZE + packed.length);
  batch.copy(repacked, 0, 0, HEADER_SIZE);
  packed.copy(repacked, HEADER_SIZE);
  repacked.writeInt32BE(repacked.length - PREFIX_SIZE, BATCH_LENGTH_AT);
  repacked.writeUInt16BE((attributes(batch) & ~CODEC_MASK) | codec.id, ATTRIBUTES_AT);
  stampCrc(repacked);
  return repacked;
}

/** The way to a thread and back costs the event loop more than packing few bytes. */
async function pack(
  codec: Codec,
  payload: Buffer,
  level: number | null,
  slices: TurnSlices,
): Promise<Buffer> {
  if (codec.compressSync === undefined || payload.length > LIMITS.packedAtOnceBytesMax) {
    return codec.compress(payload, level);
  }
  const pause = slices.begin().did(payload.length, 'bytes');
  if (pause !== null) await pause;
  return codec.compressSync(payload);
}
