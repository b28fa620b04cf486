/**
 * The floor of the produce path in Node, with nothing of a broker in it: frames are received into
 * one buffer, their CRC is computed, everything of one read is written by one `writevSync`, and
 * answered by one write. `node-append FOLDER SYNC BATCH_AT BUFFER`.
 *
 * With SYNC `ack`, one write and one sync carry what all connections brought in one turn of the
 * loop, as a broker groups them. With BUFFER `frame`, the buffer is exactly as large as the frames,
 * which are of one size: no byte is ever moved.
 */
import { closeSync, fdatasyncSync, openSync, unlinkSync, writevSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { crc32c } from '../../engine/batch/crc32c.js';
import { CORRELATION_AT, REPLY_BYTES, receiveInto, serveFloor, writeReply } from './server.js';

const [folder = '.', sync = 'os', batchAtText = '0', bufferKind = 'large'] = process.argv.slice(2);
/** Where the batch begins in a frame, size field included. */
const batchAt = Number(batchAtText);
const CRC_FROM = 21;
const BUFFER_BYTES = 1.25 * 1024 * 1024;
const SIZE_BYTES = 4;

let file = -1;
let path = '';
let files = 0;

function fresh(): void {
  if (file >= 0) {
    closeSync(file);
    unlinkSync(path);
  }
  path = join(folder, `floor-${++files}`);
  file = openSync(path, 'w');
}

/** What one connection has brought and what of it is not yet written. */
class Received {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** With `ack`, the next read goes here while the frames of the last one wait for their sync. */
  #other: Buffer | null = sync === 'ack' ? Buffer.allocUnsafeSlow(BUFFER_BYTES) : null;
  #filled = 0;
  /** Up to here frames were taken. */
  #taken = 0;
  #ids: number[] = [];
  #isSized = false;

  constructor(accepted: Socket) {
    this.#socket = receiveInto(accepted, {
      buffer: () => this.#buffer.subarray(this.#filled),
      callback: (count) => {
        this.#filled += count;
        this.#take();
        return true;
      },
    });
  }

  #take(): void {
    const isFirst = this.#ids.length === 0;
    while (this.#taken + SIZE_BYTES <= this.#filled) {
      const end = this.#taken + SIZE_BYTES + this.#buffer.readInt32BE(this.#taken);
      if (end > this.#filled) break;
      const batch = this.#buffer.subarray(this.#taken + batchAt, end);
      if (crc32c(batch.subarray(CRC_FROM)) !== batch.readUInt32BE(CRC_FROM - 4)) {
        throw new Error('a frame with a wrong CRC');
      }
      batches.push(batch);
      this.#ids.push(this.#buffer.readInt32BE(this.#taken + CORRELATION_AT));
      this.#taken = end;
    }
    if (this.#ids.length === 0) return;
    if (isFirst) waiting.push(this);
    if (sync === 'os') {
      writeAll();
    } else if (!isScheduled) {
      isScheduled = true;
      setImmediate(writeAll);
    }
    this.#makeRoom();
  }

  /** Its frames are in the file. */
  answer(): void {
    const replies = Buffer.alloc(this.#ids.length * REPLY_BYTES);
    for (const [i, id] of this.#ids.entries()) writeReply(replies, i * REPLY_BYTES, id);
    this.#ids = [];
    this.#socket.write(replies);
  }

  /** Before the next read: what is left, which is less than a frame, goes to the front. */
  #makeRoom(): void {
    const rest = this.#buffer.subarray(this.#taken, this.#filled);
    if (bufferKind === 'frame' && !this.#isSized) {
      const sized = Buffer.allocUnsafeSlow(SIZE_BYTES + this.#buffer.readInt32BE(0));
      rest.copy(sized);
      this.#buffer = sized;
      this.#isSized = true;
    } else {
      const next = this.#other ?? this.#buffer;
      if (rest.length > 0) rest.copy(next);
      if (this.#other) this.#other = this.#buffer;
      this.#buffer = next;
    }
    this.#filled = rest.length;
    this.#taken = 0;
  }
}

let batches: Buffer[] = [];
let waiting: Received[] = [];
let isScheduled = false;

function writeAll(): void {
  isScheduled = false;
  writevSync(file, batches);
  if (sync === 'ack') fdatasyncSync(file);
  const answered = waiting;
  batches = [];
  waiting = [];
  for (const received of answered) received.answer();
}

fresh();
serveFloor({
  fresh,
  onSocket(accepted) {
    new Received(accepted);
  },
});
