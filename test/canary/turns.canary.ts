import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { LIMITS } from '../../engine/limits.js';
import { SERVER_LIMITS } from '../../server/limits.js';
import { startAttackedBroker } from '../server/bad-input/attacked-broker.js';
import type { WireClient } from '../server/bad-input/wire-client.js';
import { TurnMeter } from '../support/turn-meter.js';
import { attacks, creationOf, TOPICS, WIDE, WIDE_PARTITIONS } from './requests.js';

/** Steps that are under way when the allowance of a turn is used up report what they did all the same. */
const UNDER_WAY = SERVER_LIMITS.partitionsOpenedAtOnce;

test('no turn looks at more than its allowance, whatever a request names', async () => {
  const meter = new TurnMeter();
  const broker = await startAttackedBroker({ meter });
  const attacker = await broker.connect();
  await attacker.call('CreateTopics', 7, creationOf(TOPICS, 1));
  await attacker.call('CreateTopics', 7, creationOf([WIDE], WIDE_PARTITIONS));
  const canary = new Canary(await broker.connect());

  onTestFinished(() => canary.stop());
  for (const { name, version, body } of attacks()) {
    meter.most.elements = 0;
    meter.most.records = 0;
    meter.most.bytes = 0;
    canary.begin();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const beganMs = performance.now();
    await attacker.call(name, version, body as never);
    const tookMs = performance.now() - beganMs;
    delay.disable();
    const { elements, records, bytes } = meter.most;
    console.log(
      `${name} ${version}: ${tookMs.toFixed(0)} ms; a turn: ${elements} elements, ${records} records, ${bytes} bytes; ` +
        `canary: ${canary.end()}; event loop: ${(delay.max / 1e6).toFixed(0)} ms at most`,
    );
    expect(elements).toBeLessThanOrEqual(LIMITS.turnElementsMax + UNDER_WAY);
    expect(records).toBeLessThanOrEqual(2 * LIMITS.turnRecordsMax);
    expect(bytes).toBeLessThanOrEqual(2 * LIMITS.turnBytesMax);
  }
  meter.stop();
});

/** Asks for little, again and again, and remembers how long it waited. Attacker and broker are in its process. */
class Canary {
  readonly #client: WireClient;
  #times: number[] = [];
  #isStopping = false;
  readonly #running: Promise<void>;

  constructor(client: WireClient) {
    this.#client = client;
    this.#running = this.#run();
  }

  begin(): void {
    this.#times = [];
  }

  /** The times since `begin`, in words. */
  end(): string {
    const sorted = this.#times.sort((a, b) => a - b);
    const at = (share: number): string =>
      (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(0);
    return `${sorted.length} answers, ${at(0.5)} ms median, ${at(1)} ms at most`;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const beganMs = performance.now();
      await this.#client.call('DescribeCluster', 0, { includeClusterAuthorizedOperations: false });
      this.#times.push(performance.now() - beganMs);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
