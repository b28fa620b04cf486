import { element, logTicks, text } from './svg.js';

const GREY = '#6e7781';
const LIGHT = '#eaeef2';

/** Lines of an axis of equal ratios, from `top` to `bottom`, each with its ratio above it. */
export function ratioAxis(
  domain: readonly [number, number],
  x: (ratio: number) => number,
  [top, bottom]: readonly [number, number],
  fontSize: number,
): string[] {
  return logTicks(domain).flatMap((tick) => [
    element('line', {
      x1: x(tick),
      x2: x(tick),
      y1: top,
      y2: bottom,
      stroke: tick === 1 ? GREY : LIGHT,
    }),
    text(x(tick), top - 6, `${tick}×`, {
      'text-anchor': 'middle',
      fill: GREY,
      'font-size': fontSize,
    }),
  ]);
}
