import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { buildBatch, seededRandom } from '../../engine/index.js';
import { APIS } from '../../server/handlers/apis.js';
import { encodeRequest } from '../../server/protocol/frame.js';

/**
 * Requests as bytes in a file, for the drivers. Produce 7 and Fetch 11 are the last versions whose
 * answers have their error code at a place that can be known beforehand; every broker since Kafka
 * 2.3 speaks them.
 */
const PRODUCE_VERSION = 7;
const FETCH_VERSION = 11;
const CLIENT_ID = 'bench';
const TIMEOUT_MS = 30_000;

/** A file of frames, and what their answers look like. */
export interface Frames {
  readonly path: string;
  readonly errorAt: number;
  readonly sizeMin: number;
  /** Record batches in one request (produce) or one answer (fetch), in bytes. */
  readonly payloadBytes: number;
  readonly recordsPerRequest: number;
}

export interface BatchShape {
  /** Bytes of each record's value. */
  readonly recordBytes: number;
  /** The batch has as many records as fit into this, but at least one. */
  readonly batchBytes: number;
}

export interface BuiltBatch {
  readonly bytes: Buffer;
  readonly records: number;
}

/** One record batch of equal records of ASCII text, uncompressed. */
export async function batchOf({ recordBytes, batchBytes }: BatchShape): Promise<BuiltBatch> {
  const value = asciiText(recordBytes);
  const timestamp = Date.now();
  const record = { key: null, value, timestamp };
  const one = (await buildBatch([record])).length;
  const two = (await buildBatch([record, record])).length;
  // Later records may need a byte more for their offset delta.
  const records = Math.max(1, 1 + Math.floor((batchBytes - one) / (two - one + 1)));
  return { bytes: await buildBatch(new Array(records).fill(record)), records };
}

/** Printable text that repeats only every 10 KB or so, the same each time. */
export function asciiText(size: number, salt = 0): Buffer {
  const text = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) text[i] = 32 + ((i * 31 + ((i + salt) >> 7) * 17 + salt * 7) % 95);
  return text;
}

export interface ProduceShape extends BatchShape {
  readonly topic: string;
  readonly partitions: number;
  /** -1 for all. */
  readonly acks: number;
  /** One frame that writes to all partitions, instead of one for each. */
  readonly together?: boolean;
}

/**
 * One frame a partition, each with the same batch. Of a frame for all partitions the drivers see
 * the first one's error code.
 */
export async function writeProduceFrames(folder: string, shape: ProduceShape): Promise<Frames> {
  const { topic, partitions, acks, together = false } = shape;
  const batch = await batchOf(shape);
  const writes = Array.from({ length: partitions }, (_, index) => ({
    index,
    records: batch.bytes,
  }));
  const frames = (together ? [writes] : writes.map((write) => [write])).map((inFrame, i) =>
    encodeRequest(APIS.Produce, PRODUCE_VERSION, i, CLIENT_ID, {
      acks,
      timeoutMs: TIMEOUT_MS,
      topics: [{ name: topic, partitions: inFrame }],
    }),
  );
  const path = join(folder, `produce-${topic}.frames`);
  writeFileSync(path, Buffer.concat(frames));
  return {
    path,
    errorAt: produceErrorAt(topic),
    sizeMin: 40,
    payloadBytes: batch.bytes.length * (together ? partitions : 1),
    recordsPerRequest: batch.records * (together ? partitions : 1),
  };
}

/** One partition of a topic. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

/**
 * One produce frame a place, in their order, again and again until there are at least `framesMin`:
 * so that loads on few and on many partitions read as much of the driver's memory. All topics have
 * names of one length.
 */
export async function writeSpreadFrames(
  folder: string,
  places: readonly Place[],
  shape: BatchShape & { readonly framesMin: number },
): Promise<Frames> {
  const batch = await batchOf(shape);
  const path = join(folder, `spread-${places.length}.frames`);
  const file = openSync(path, 'w');
  for (let i = 0; i < Math.max(shape.framesMin, places.length); i++) {
    const { topic, partition } = places[i % places.length]!;
    const frame = encodeRequest(APIS.Produce, PRODUCE_VERSION, i, CLIENT_ID, {
      acks: 1,
      timeoutMs: TIMEOUT_MS,
      topics: [{ name: topic, partitions: [{ index: partition, records: batch.bytes }] }],
    });
    writeSync(file, frame);
  }
  closeSync(file);
  return {
    path,
    errorAt: produceErrorAt(places[0]!.topic),
    sizeMin: 40,
    payloadBytes: batch.bytes.length,
    recordsPerRequest: batch.records,
  };
}

/** Behind correlation id, topics, name, partitions, index. */
function produceErrorAt(topic: string): number {
  return 4 + 4 + 2 + topic.length + 4 + 4;
}

/** Fetches of one batch each, `count` of them, at places of partition 0 that a seed chooses. */
export function writeRandomFetchFrames(
  folder: string,
  shape: Omit<FetchShape, 'sliceBytes'> & { readonly count: number; readonly seed: number },
): Frames {
  const { topic, batch, batches, count, seed } = shape;
  const random = seededRandom(seed);
  const partitionMaxBytes = batch.bytes.length;
  const frames = Array.from({ length: count }, (_, i) =>
    fetchFrame(topic, i, {
      fetchOffset: Math.floor(random.next() * batches) * batch.records,
      partitionMaxBytes,
    }),
  );
  const path = join(folder, `random-${topic}.frames`);
  writeFileSync(path, Buffer.concat(frames));
  return {
    path,
    errorAt: fetchErrorAt(topic),
    sizeMin: batch.bytes.length,
    payloadBytes: batch.bytes.length,
    recordsPerRequest: batch.records,
  };
}

function fetchFrame(
  topic: string,
  correlationId: number,
  wanted: { readonly fetchOffset: number; readonly partitionMaxBytes: number },
): Buffer {
  return encodeRequest(APIS.Fetch, FETCH_VERSION, correlationId, CLIENT_ID, {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: wanted.partitionMaxBytes,
    topics: [{ topic, partitions: [{ partition: 0, ...wanted }] }],
    forgottenTopicsData: [],
  });
}

/** Behind correlation id, throttle time, error, session, topics, name, partitions, index. */
function fetchErrorAt(topic: string): number {
  return 4 + 4 + 2 + 4 + 4 + 2 + topic.length + 4 + 4;
}

export interface FetchShape {
  readonly topic: string;
  /** What an answer may hold, which is the size of a slice. */
  readonly sliceBytes: number;
  /** The batches that fill the partition: all alike. */
  readonly batch: BuiltBatch;
  readonly batches: number;
}

/** Fetches of partition 0 from its start to its end, slice after slice. */
export function writeFetchFrames(folder: string, shape: FetchShape): Frames {
  const { topic, sliceBytes, batch, batches } = shape;
  const perSlice = Math.max(1, Math.floor(sliceBytes / batch.bytes.length));
  const frames: Buffer[] = [];
  for (let first = 0; first + perSlice <= batches; first += perSlice) {
    frames.push(
      fetchFrame(topic, frames.length, {
        fetchOffset: first * batch.records,
        partitionMaxBytes: sliceBytes,
      }),
    );
  }
  const path = join(folder, `fetch-${topic}-${sliceBytes}.frames`);
  writeFileSync(path, Buffer.concat(frames));
  const payloadBytes = perSlice * batch.bytes.length;
  return {
    path,
    errorAt: fetchErrorAt(topic),
    sizeMin: payloadBytes,
    payloadBytes,
    recordsPerRequest: perSlice * batch.records,
  };
}
