/**
 * Reads a data directory as docs/format.md describes it, with nothing of the engine's: what this
 * cannot read, the page does not say. Reads only what a clean stop left.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unpack } from 'msgpackr';

const require = createRequire(import.meta.url);

export interface ReadRecord {
  readonly offset: bigint;
  readonly timestamp: bigint;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [string, string | null])[];
}

export interface ReadBatch {
  readonly position: number;
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly leaderEpoch: number;
  readonly codec: number;
  readonly maxTimestamp: bigint;
  readonly producer: readonly [id: bigint, epoch: number, sequence: number];
  readonly payload: Buffer;
  readonly header: Buffer;
}

export interface ReadSegment {
  readonly baseOffset: bigint;
  readonly batches: readonly ReadBatch[];
  /** Offset and position. */
  readonly index: readonly (readonly [bigint, number])[];
  /** Timestamp and offset. */
  readonly timeIndex: readonly (readonly [bigint, bigint])[];
}

/** The lines of a small text file, its checksum verified. */
export function readSmallText(path: string): Map<string, string> {
  const bytes = readFileSync(path);
  const text = bytes.toString();
  const [, checksum] = /\ncrc32c=([0-9a-f]{8})\n$/.exec(text)!;
  const body = bytes.subarray(0, bytes.length - 'crc32c=00000000\n'.length);
  if (crc32c(body).toString(16).padStart(8, '0') !== checksum) throw new Error(`${path}: checksum`);
  const lines = body.toString().trimEnd().split('\n');
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** Live partition folders: topic and partition. */
export function partitionsIn(root: string): { folder: string; topic: string; partition: number }[] {
  return readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    const match = /^(.+)-(0|[1-9]\d*)$/.exec(entry.name);
    if (!entry.isDirectory() || !match) return [];
    return [{ folder: join(root, entry.name), topic: match[1]!, partition: Number(match[2]) }];
  });
}

export function topicIdIn(folder: string): string {
  const text = readFileSync(join(folder, 'partition.metadata'), 'utf8');
  return /^version: 0\ntopic_id: ([\w-]{22})\n$/.exec(text)![1]!;
}

/** Live segments in the order of their offsets. */
export function segmentsIn(folder: string): ReadSegment[] {
  const names = readdirSync(folder)
    .filter((name) => /^\d{20}\.log$/.test(name))
    .sort();
  return names.map((name) => {
    const baseOffset = BigInt(name.slice(0, 20));
    const isActive = name === names.at(-1);
    const index = readIndex(join(folder, name.replace('.log', '.index')), isActive);
    const times = readIndex(join(folder, name.replace('.log', '.timeindex')), isActive);
    return {
      baseOffset,
      batches: [...batchesIn(readFileSync(join(folder, name)))],
      index: entries(index, 8).map((at) => [
        baseOffset + BigInt(index.readInt32BE(at)),
        index.readInt32BE(at + 4),
      ]),
      timeIndex: entries(times, 12).map((at) => [
        times.readBigInt64BE(at),
        baseOffset + BigInt(times.readInt32BE(at + 8)),
      ]),
    };
  });
}

/** The segment that takes appends may have none. */
function readIndex(path: string, mayBeMissing: boolean): Buffer {
  return mayBeMissing && !existsSync(path) ? Buffer.alloc(0) : readFileSync(path);
}

function entries(bytes: Buffer, size: number): number[] {
  if (bytes.length % size !== 0) throw new Error('a partial entry');
  return Array.from({ length: bytes.length / size }, (_, at) => at * size);
}

export function* batchesIn(bytes: Buffer): Generator<ReadBatch> {
  for (let at = 0; at < bytes.length; ) {
    const size = 12 + bytes.readInt32BE(at + 8);
    const batch = bytes.subarray(at, at + size);
    if (batch.length < size || batch[16] !== 2) throw new Error(`no batch at ${at}`);
    if (crc32c(batch.subarray(21)) !== batch.readUInt32BE(17)) throw new Error(`checksum at ${at}`);
    const baseOffset = batch.readBigInt64BE(0);
    yield {
      position: at,
      baseOffset,
      lastOffset: baseOffset + BigInt(batch.readInt32BE(23)),
      leaderEpoch: batch.readInt32BE(12),
      codec: batch.readUInt16BE(21) & 7,
      maxTimestamp: batch.readBigInt64BE(35),
      producer: [batch.readBigInt64BE(43), batch.readInt16BE(51), batch.readInt32BE(53)],
      header: batch.subarray(0, 61),
      payload: batch.subarray(61),
    };
    at += size;
  }
}

export async function recordsOf(batch: ReadBatch): Promise<ReadRecord[]> {
  const records = await rawRecordsOf(batch);
  return records.map(({ key, value, ...record }) => ({
    ...record,
    key: key === null ? null : key.toString(),
    value: value === null ? null : value.toString(),
  }));
}

interface RawRecord extends Omit<ReadRecord, 'key' | 'value'> {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

async function rawRecordsOf(batch: ReadBatch): Promise<RawRecord[]> {
  const { header } = batch;
  const attributes = header.readUInt16BE(21);
  if ((attributes & 0x20) !== 0) return [];
  const fields = new Fields(await unpacked(batch.codec, batch.payload));
  const records: RawRecord[] = [];
  for (let count = header.readInt32BE(57); count > 0; count--) {
    const length = Number(fields.varint());
    const end = fields.at + length;
    fields.at++;
    const timestampDelta = fields.varint();
    const offset = batch.baseOffset + fields.varint();
    const key = fields.blob();
    const value = fields.blob();
    const headers = Array.from(
      { length: Number(fields.varint()) },
      () => [fields.text()!, fields.text()] as const,
    );
    if (fields.at !== end) throw new Error(`record ${offset} does not end where it should`);
    const timestamp =
      (attributes & 8) !== 0 ? batch.maxTimestamp : header.readBigInt64BE(27) + timestampDelta;
    records.push({ offset, timestamp, key, value, headers });
  }
  if (fields.at !== fields.bytes.length) throw new Error('bytes behind the last record');
  return records;
}

class Fields {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  varint(): bigint {
    let zigzag = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.bytes[this.at++]!;
      zigzag |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return (zigzag & 1n) === 1n ? -(zigzag >> 1n) - 1n : zigzag >> 1n;
    }
  }

  blob(): Buffer | null {
    const length = Number(this.varint());
    if (length < 0) return null;
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  text(): string | null {
    return this.blob()?.toString() ?? null;
  }
}

async function unpacked(codec: number, payload: Buffer): Promise<Buffer> {
  if (codec === 0) return payload;
  if (codec === 1) return gunzipSync(payload);
  if (codec === 2) return unsnapped(payload);
  if (codec === 3)
    return (require('lz4-napi') as typeof import('lz4-napi')).decompressFrame(payload);
  if (codec === 4)
    return (require('@mongodb-js/zstd') as typeof import('@mongodb-js/zstd')).decompress(payload);
  throw new Error(`codec ${codec}`);
}

function unsnapped(payload: Buffer): Buffer {
  const { uncompressSync } = require('snappy') as typeof import('snappy');
  const magic = Buffer.from('82534e4150505900', 'hex');
  if (!payload.subarray(0, 8).equals(magic)) return uncompressSync(payload) as Buffer;
  const blocks: Buffer[] = [];
  for (let at = 0; at < payload.length; ) {
    if (payload.subarray(at, at + 8).equals(magic)) {
      at += 16;
      continue;
    }
    const size = payload.readInt32BE(at);
    blocks.push(uncompressSync(payload.subarray(at + 4, at + 4 + size)) as Buffer);
    at += 4 + size;
  }
  return Buffer.concat(blocks);
}

/** A catalog key from its bytes. */
export function catalogKey(bytes: Buffer): (number | string)[] {
  const parts: (number | string)[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 1) {
      const bits = Buffer.from(bytes.subarray(at + 1, at + 9));
      if (bits[0]! >= 0x80) bits[0]! ^= 0x80;
      else for (let byte = 0; byte < 8; byte++) bits[byte]! ^= 0xff;
      parts.push(bits.readDoubleBE(0));
      at += 9;
    } else if (bytes[at] === 2) {
      const text: number[] = [];
      for (at++; bytes[at] !== 0 || bytes[at + 1] !== 0; at++) {
        text.push(bytes[at]!);
        if (bytes[at] === 0) at++;
      }
      parts.push(Buffer.from(text).toString());
      at += 2;
    } else throw new Error(`tag ${bytes[at]}`);
  }
  return parts;
}

/** The value that stands under `key`, its checksum verified. */
export function catalogValue(key: Buffer, bytes: Buffer): unknown {
  const value = bytes.subarray(5);
  const matches =
    bytes[0] === 0xc1 && bytes.readUInt32BE(1) === crc32c(Buffer.concat([key, value]));
  if (!matches) throw new Error(`the value of ${catalogKey(key).join('/')}: checksum`);
  return unpack(value);
}

/** Every entry of an `.mdb` file that is not open elsewhere, by its key as JSON. */
export async function catalogIn(path: string): Promise<Map<string, unknown>> {
  const { open } = require('lmdb') as typeof import('lmdb');
  const options = { noSubdir: true, keyEncoding: 'binary', encoding: 'binary' } as const;
  const table = open<Buffer, Buffer>(path, options);
  const entries = new Map<string, unknown>();
  for (const { key, value } of table.getRange({ start: Buffer.of(0) })) {
    entries.set(JSON.stringify(catalogKey(key)), catalogValue(key, value));
  }
  await table.close();
  return entries;
}

export interface ReadTopic {
  readonly id: string;
  readonly replicas: readonly (readonly number[])[];
  readonly overrides: Readonly<Record<string, string>>;
}

/** The topics of `metadata.mdb`'s entries, by name. */
export function topicsIn(metadata: ReadonlyMap<string, unknown>): Map<string, ReadTopic> {
  const topics = new Map<string, ReadTopic>();
  for (const [json, entry] of metadata) {
    const [, , name] = JSON.parse(json) as string[];
    if (!name?.startsWith('topics/')) continue;
    topics.set(name.slice('topics/'.length), (entry as { value: ReadTopic }).value);
  }
  return topics;
}

/** The committed offsets of a data directory: `group/topic/partition` and offset. */
export async function committedOffsetsIn(root: string): Promise<Map<string, bigint>> {
  const offsets = new Map<string, bigint>();
  for (const { folder, topic } of partitionsIn(root)) {
    if (topic !== '__consumer_offsets') continue;
    for (const { batches } of segmentsIn(folder)) {
      for (const batch of batches) {
        for (const { key, value } of await rawRecordsOf(batch)) {
          if (key === null || key.readInt16BE(0) > 1) continue;
          const group = text16(key, 2);
          const topicName = text16(key, group.end);
          const name = `${group.text}/${topicName.text}/${key.readInt32BE(topicName.end)}`;
          if (value === null) offsets.delete(name);
          else offsets.set(name, value.readBigInt64BE(2));
        }
      }
    }
  }
  return offsets;
}

function text16(bytes: Buffer, at: number): { text: string; end: number } {
  const end = at + 2 + bytes.readInt16BE(at);
  return { text: bytes.toString('utf8', at + 2, end), end };
}

function crc32c(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
