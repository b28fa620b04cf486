interface RequestEvent {
  readonly payload: {
    readonly apiName: string;
    readonly createdAt: number;
    readonly sentAt: number;
    readonly duration: number;
  };
}

interface Watched {
  readonly events: { readonly REQUEST: string };
  on(event: never, listener: (event: RequestEvent) => void): unknown;
}

/**
 * When which request was on its way, from sending to its answer, in whole milliseconds as kafkajs
 * tells.
 */
export class RequestTimes {
  readonly #requests: RequestEvent['payload'][] = [];

  watch(client: unknown): void {
    const { events } = client as Watched;
    (client as Watched).on(events.REQUEST as never, ({ payload }) => {
      this.#requests.push(payload);
    });
  }

  totalMs(): number {
    return this.#requests.reduce((sum, { duration }) => sum + duration, 0);
  }

  print(startMs: number): void {
    const wallMs = performance.timeOrigin + startMs;
    for (const { apiName, sentAt, duration } of this.#requests) {
      const at = (sentAt - wallMs).toFixed(0).padStart(6);
      process.stdout.write(`${at} ms ${apiName}: ${duration} ms\n`);
    }
  }
}
