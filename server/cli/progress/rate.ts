import { CLI_LIMITS } from '../limits.js';

/** How fast an amount has grown lately. */
export class Rate {
  readonly #samples: { readonly atMs: number; readonly done: number }[] = [];

  /** Notes the amount at a time; times do not go back. */
  note(atMs: number, done: number): void {
    const samples = this.#samples;
    // An amount that fell belongs to other work.
    if (done < (samples.at(-1)?.done ?? 0)) samples.length = 0;
    samples.push({ atMs, done });
    while (samples.length > 2 && samples[1]!.atMs <= atMs - CLI_LIMITS.progressRateMs)
      samples.shift();
  }

  /** Per second; null while that is unknown. */
  perSecond(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return null;
    return ((last.done - first.done) / (last.atMs - first.atMs)) * 1000;
  }
}
