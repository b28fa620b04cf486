import { expect, test } from 'vitest';
import { FirstInFirstOut } from '../../engine/first-in-first-out.js';
import { seededRandom } from '../../engine/random.js';

test('it gives back what was put in, in that order, as a plain array would', () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = seededRandom(seed);
    const queue = new FirstInFirstOut<number>();
    const plain: number[] = [];
    for (let step = 0; step < 500; step++) {
      const kind = random.next();
      if (kind < 0.5) {
        queue.push(step);
        plain.push(step);
      } else if (kind < 0.99) {
        queue.removeFirst();
        plain.shift();
      } else expect(queue.removeAll()).toEqual(plain.splice(0));
      expect(queue.first).toBe(plain[0]);
    }
  }
});
