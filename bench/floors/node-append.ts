/**
 * The floor of the produce path in Node, with nothing of a broker in it: frames are received into one buffer, their CRC is
 * computed, everything of one read is written by one `writevSync`, and answered by one write. `node-append FOLDER SYNC BATCH_AT`.
 */
import { closeSync, fdatasyncSync, openSync, unlinkSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../engine/batch/crc32c.js';
import { CORRELATION_AT, REPLY_BYTES, receiveInto, serveFloor, writeReply } from './server.js';

const [folder = '.', sync = 'os', batchAtText = '0'] = process.argv.slice(2);
/** Where the batch begins in a frame, size field included. */
const batchAt = Number(batchAtText);
const CRC_FROM = 21;
const BUFFER_BYTES = 1.25 * 1024 * 1024;

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

fresh();
serveFloor({
  fresh,
  onSocket(accepted) {
    const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    let filled = 0;
    const socket = receiveInto(accepted, {
      buffer: () => buffer.subarray(filled),
      callback: (count) => {
        filled += count;
        const batches: Buffer[] = [];
        const ids: number[] = [];
        let at = 0;
        while (at + 4 <= filled) {
          const end = at + 4 + buffer.readInt32BE(at);
          if (end > filled) break;
          const batch = buffer.subarray(at + batchAt, end);
          if (crc32c(batch.subarray(CRC_FROM)) !== batch.readUInt32BE(CRC_FROM - 4)) {
            throw new Error('a frame with a wrong CRC');
          }
          batches.push(batch);
          ids.push(buffer.readInt32BE(at + CORRELATION_AT));
          at = end;
        }
        if (batches.length > 0) {
          writevSync(file, batches);
          if (sync === 'ack') fdatasyncSync(file);
          const replies = Buffer.alloc(ids.length * REPLY_BYTES);
          for (const [i, id] of ids.entries()) writeReply(replies, i * REPLY_BYTES, id);
          socket.write(replies);
        }
        buffer.copyWithin(0, at, filled);
        filled -= at;
        return true;
      },
    });
  },
});
