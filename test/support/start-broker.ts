import { onTestFinished } from 'vitest';
import { type RunningBroker, type StartBrokerOptions, startBroker } from '../../server/index.js';

/** A broker in this process that is closed when the running test ends. */
export async function startTestBroker(options?: StartBrokerOptions): Promise<RunningBroker> {
  const broker = await startBroker(options);
  onTestFinished(() => broker.close());
  return broker;
}
