import { readlinkSync } from 'node:fs';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

test.runIf(process.platform === 'linux')(
  'a maintenance thread gives way, and the thread that started it does not',
  async () => {
    const before = getPriority(threadId());
    const module = new URL('../../../dist/engine/maintenance/thread-priority.js', import.meta.url);
    const code = `
      import { readlinkSync } from 'node:fs';
      import { getPriority } from 'node:os';
      import { parentPort } from 'node:worker_threads';
      import { lowerThreadPriority } from ${JSON.stringify(module.href)};
      const worked = lowerThreadPriority();
      const id = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
      parentPort.postMessage({ worked, priority: getPriority(id) });
    `;
    const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const worker = new Worker(url);
    const said = await new Promise((resolve, reject) => {
      worker.once('message', resolve).once('error', reject);
    });
    await worker.terminate();
    expect(said).toEqual({ worked: true, priority: 10 });
    expect(getPriority(threadId())).toBe(before);
  },
);

/** 0 means the calling thread as well, but in the worker it is asked for by number. */
function threadId(): number {
  return Number(readlinkSync('/proc/thread-self').split('/').at(-1));
}
