// A job queue: a worker that is killed goes on with the job that it had not finished.
// The cursor is the worker's place in the log; it is committed once a job is done.
import { openEngine } from 'odradek/engine';

async function work(name, crashAt) {
  const engine = await openEngine('./data');
  const jobs = await engine.log('jobs');
  if (jobs.endOffset === 0) {
    await jobs.append(['wash', 'dry', 'fold', 'iron'].map((value) => ({ value })));
  }
  const cursor = await jobs.cursor('worker');
  for await (const job of cursor.follow({ live: false })) {
    if (job.offset === crashAt) break; // before it is done: nothing is committed
    console.log(`${name}: ${job.value}`);
    await cursor.commit(job.offset + 1);
  }
  console.log(`${name} ends, ${cursor.lag} are left`);
  await engine.close();
}

await work('first', 2);
await work('second');
