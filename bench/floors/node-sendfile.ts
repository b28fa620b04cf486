/**
 * The floor of the fetch path in Node: every request is answered by 60 bytes and the next slice of
 * a file, by sendfile(2). `node-sendfile FILE SLICE_BYTES`.
 */

import { openSync, readSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { sendFile } from '../../engine/index.js';
import { CORRELATION_AT, REPLY_BYTES, receiveInto, serveFloor } from './server.js';

const [path = '', sliceText = '0'] = process.argv.slice(2);
const sliceBytes = Number(sliceText);
const file = openSync(path, 'r');
const fileBytes = statSync(path).size;
const FALLBACK_BYTES = 64 * 1024;

/** The answers of one connection, one at a time. */
class Answers {
  readonly #socket: Socket;
  readonly #waiting: number[] = [];
  #position = 0;
  #left = 0;

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
      this.#left = sliceBytes;
      this.#socket.write(head);
      if (!this.#send()) return;
      this.#waiting.shift();
    }
  }

  /** False when the rest goes once the socket can take more. */
  #send(): boolean {
    if (this.#socket.writableLength > 0) return this.#later();
    const { fd } = (this.#socket as unknown as { _handle: { fd: number } })._handle;
    while (this.#left > 0) {
      const sent = sendFile(fd, file, this.#position, this.#left);
      if (sent === -constants.errno.EAGAIN) return this.#later();
      if (sent <= 0) throw new Error(`sendfile answered ${sent}`);
      this.#position += sent;
      this.#left -= sent;
    }
    return true;
  }

  #later(): false {
    const chunk = Buffer.allocUnsafe(Math.min(FALLBACK_BYTES, this.#left));
    readSync(file, chunk, 0, chunk.length, this.#position);
    this.#position += chunk.length;
    this.#left -= chunk.length;
    this.#socket.write(chunk, () => {
      if (!this.#send()) return;
      this.#waiting.shift();
      this.#begin();
    });
    return false;
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
