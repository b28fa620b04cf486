import { expect, test } from 'vitest';
import { MemoryContent } from '../../../engine/disk/memory-content.js';
import { seededRandom } from '../../../engine/random.js';

test('writes, cuts and reads in any order are those of one plain buffer', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = seededRandom(seed);
    const below = (count: number): number => Math.floor(random.next() * count);
    const content = new MemoryContent(1, 0);
    let plain = Buffer.alloc(0);
    for (let step = 0; step < 40; step++) {
      const position = below(300_000);
      if (below(4) === 0) {
        const size = below(300_000);
        plain = Buffer.concat([plain.subarray(0, size)], size);
        content.truncate(size);
      } else {
        const bytes = Buffer.alloc(below(90_000), step + 1);
        plain = Buffer.concat([plain], Math.max(plain.length, position + bytes.length));
        bytes.copy(plain, position);
        content.write(bytes, position);
      }
      const into = Buffer.alloc(plain.length + 10);
      expect(content.size).toBe(plain.length);
      expect(content.read(into, 0)).toBe(plain.length);
      expect(into.subarray(0, plain.length).equals(plain), `seed ${seed}, step ${step}`).toBe(true);
      const part = Buffer.alloc(below(70_000));
      const at = below(300_000);
      const count = content.read(part, at);
      expect(part.subarray(0, count).equals(plain.subarray(at, at + count))).toBe(true);
    }
  }
});
