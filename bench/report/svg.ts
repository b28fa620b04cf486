/** Text that may stand in XML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

export type Attributes = Readonly<Record<string, string | number>>;

/** One element. `content` is XML already. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .map(
      ([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escapeXml(value)}"`,
    )
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

export function text(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeXml(content));
}

/** A whole picture on white, so that it can be read on any page. */
export function picture(
  width: number,
  height: number,
  title: string,
  parts: readonly string[],
): string {
  const box = { width, height };
  const head = element('title', {}, escapeXml(title));
  const ground = element('rect', { ...box, fill: '#fff' });
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    ...box,
    viewBox: `0 0 ${round(width)} ${round(height)}`,
    'font-family': 'system-ui, sans-serif',
    'font-size': 12,
  };
  return `${element('svg', root, `\n${[head, ground, ...parts].join('\n')}\n`)}\n`;
}

/** Maps a value to a place, on an axis of equal ratios. Both domain ends are above zero. */
export function logScale(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
): (value: number) => number {
  const span = Math.log(high / low);
  return (value) => from + ((to - from) * Math.log(value / low)) / span;
}

/** 1, 2 and 5 times the powers of ten within the domain, both ends included. */
export function logTicks([low, high]: readonly [number, number]): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of [1, 2, 5]) {
      const tick = Number((step * 10 ** power).toPrecision(1));
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
