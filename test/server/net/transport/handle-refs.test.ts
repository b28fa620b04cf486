import { expect, test } from 'vitest';
import { HandleRefs } from '../../../../server/net/transport/handle-refs.js';

/** A handle that notes the last call. */
class TestHandle {
  last = '';
  ref(): void {
    this.last = 'ref';
  }
  unref(): void {
    this.last = 'unref';
  }
}

test('all handles are kept or let go together, later ones and those that left as well', () => {
  const refs = new HandleRefs();
  const [early, late, left] = [new TestHandle(), new TestHandle(), new TestHandle()];
  refs.add(early);
  refs.add(left);
  expect(early.last).toBe('');
  refs.unref();
  refs.delete(left);
  refs.add(late);
  expect([early.last, late.last, left.last]).toEqual(['unref', 'unref', 'unref']);
  refs.ref();
  expect([early.last, late.last, left.last]).toEqual(['ref', 'ref', 'unref']);
});
