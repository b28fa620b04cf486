/**
 * The floor of the fetch path in Node where nothing is sent by sendfile(2): every request is
 * answered by 60 bytes and the next slice of a file, read into memory and written from there, with
 * as few calls as there can be. `node-copy FILE SLICE_BYTES`.
 */

import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { nodeDisk } from '../../engine/disk/node-disk.js';
import { sendFileAvailable, sendNow } from '../../engine/index.js';
import { CORRELATION_AT, REPLY_BYTES, receiveInto, serveFloor } from './server.js';

const [path = '', sliceText = '0'] = process.argv.slice(2);
const sliceBytes = Number(sliceText);
const file = nodeDisk.openSync(path, 'read');
const fileBytes = statSync(path).size;
const isNative = sendFileAvailable();

/** The answers of one connection, one at a time. */
class Answers {
  readonly #socket: Socket;
  readonly #waiting: number[] = [];
  readonly #slice = Buffer.allocUnsafeSlow(sliceBytes);
  #position = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  push(correlationId: number): void {
    this.#waiting.push(correlationId);
    if (this.#waiting.length === 1) this.#begin();
  }

  #begin(): void {
    while (this.#waiting.length > 0) {
      const head = Buffer.alloc(REPLY_BYTES);
      head.writeInt32BE(REPLY_BYTES - 4 + sliceBytes, 0);
      head.writeInt32BE(this.#waiting[0]!, 4);
      if (this.#position + sliceBytes > fileBytes) this.#position = 0;
      file.readSync(this.#slice, this.#position);
      this.#position += sliceBytes;
      this.#socket.write(head);
      const left = this.#slice.subarray(this.#sentAtOnce());
      if (left.length > 0) {
        this.#socket.write(left, () => {
          this.#waiting.shift();
          this.#begin();
        });
        return;
      }
      this.#waiting.shift();
    }
  }

  #sentAtOnce(): number {
    if (!isNative || this.#socket.writableLength > 0) return 0;
    const { fd } = (this.#socket as unknown as { _handle: { fd: number } })._handle;
    return Math.max(0, sendNow(fd, this.#slice));
  }
}

serveFloor({
  fresh() {},
  onSocket(accepted) {
    const buffer = Buffer.allocUnsafeSlow(64 * 1024);
    let filled = 0;
    const socket = receiveInto(accepted, {
      buffer: () => buffer.subarray(filled),
      callback: (count) => {
        filled += count;
        let at = 0;
        while (at + 4 <= filled) {
          const end = at + 4 + buffer.readInt32BE(at);
          if (end > filled) break;
          answers.push(buffer.readInt32BE(at + CORRELATION_AT));
          at = end;
        }
        buffer.copyWithin(0, at, filled);
        filled -= at;
        return true;
      },
    });
    const answers = new Answers(socket);
  },
});
