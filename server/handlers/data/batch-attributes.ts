/**
 * The two bits of a record batch that Produce judges itself, because they depend on the request's
 * version and on what the broker as a whole can do. The layout is the engine's; see docs/format.md.
 */
const ATTRIBUTES_AT = 21;
const CODEC_MASK = 0x07;
const ZSTD = 4;
const TRANSACTIONAL_BIT = 0x10;

/** False also for bytes that are too short to be a batch, which the log will refuse. */
export function isZstd(batch: Buffer): boolean {
  return (attributesOf(batch) & CODEC_MASK) === ZSTD;
}

/** As `isZstd`. */
export function isTransactional(batch: Buffer): boolean {
  return (attributesOf(batch) & TRANSACTIONAL_BIT) !== 0;
}

function attributesOf(batch: Buffer): number {
  return batch.length < ATTRIBUTES_AT + 2 ? 0 : batch.readUInt16BE(ATTRIBUTES_AT);
}
