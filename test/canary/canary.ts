import type { WireClient } from '../server/bad-input/wire-client.js';

/**
 * Asks for little, again and again, and remembers how long it waited. Attacker and broker are in
 * its process.
 */
export class Canary {
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
