/** One `key=value` of a properties file, with the line on which it starts, counted from 1. */
export interface Property {
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** A line that is not valid, and why. */
export interface PropertiesProblem {
  readonly line: number;
  readonly message: string;
}

export interface ParsedProperties {
  /** In file order; a key may occur more than once, and the last one counts. */
  readonly properties: readonly Property[];
  readonly problems: readonly PropertiesProblem[];
}

const BLANK = ' \t\f';
const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/**
 * Reads a file by the rules of java.util.Properties.load: comments start with # or !; the key ends
 * at the first `=`, `:` or blank that is not escaped; a line that ends in an odd number of
 * backslashes goes on in the next one, without that one's leading blanks; \t \n \r \f \uXXXX are
 * escapes, and any other escaped character stands for itself.
 */
export function parseProperties(text: string): ParsedProperties {
  const properties: Property[] = [];
  const problems: PropertiesProblem[] = [];
  for (const { line, content } of logicalLines(text)) {
    const keyEnd = endOfKey(content);
    try {
      properties.push({
        key: unescaped(content.slice(0, keyEnd)),
        value: unescaped(content.slice(startOfValue(content, keyEnd))),
        line,
      });
    } catch (error) {
      problems.push({ line, message: (error as Error).message });
    }
  }
  return { properties, problems };
}

function* logicalLines(text: string): Generator<{ line: number; content: string }> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  let index = 0;
  while (index < lines.length) {
    const line = index + 1;
    let content = withoutLeadingBlanks(lines[index++] ?? '');
    // A comment is never continued, whatever it ends in.
    if (content === '' || content.startsWith('#') || content.startsWith('!')) continue;
    while (isContinued(content)) {
      content = content.slice(0, -1);
      if (index >= lines.length) break;
      content += withoutLeadingBlanks(lines[index++] ?? '');
    }
    if (content !== '') yield { line, content };
  }
}

function withoutLeadingBlanks(line: string): string {
  let start = 0;
  while (start < line.length && BLANK.includes(line.charAt(start))) start++;
  return line.slice(start);
}

function isContinued(line: string): boolean {
  let slashes = 0;
  while (line.charAt(line.length - 1 - slashes) === '\\') slashes++;
  return slashes % 2 === 1;
}

function endOfKey(content: string): number {
  let position = 0;
  while (position < content.length) {
    const character = content.charAt(position);
    if (character === '\\') position += 2;
    else if (character === '=' || character === ':' || BLANK.includes(character)) return position;
    else position++;
  }
  return content.length;
}

function startOfValue(content: string, keyEnd: number): number {
  let position = keyEnd;
  let sawSeparator = false;
  for (; position < content.length; position++) {
    const character = content.charAt(position);
    if (BLANK.includes(character)) continue;
    if (sawSeparator || (character !== '=' && character !== ':')) break;
    sawSeparator = true;
  }
  return position;
}

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  let result = '';
  for (let position = 0; position < text.length; position++) {
    const character = text.charAt(position);
    if (character !== '\\') {
      result += character;
      continue;
    }
    const escaped = text.charAt(++position);
    if (escaped !== 'u') {
      result += ESCAPES[escaped] ?? escaped;
      continue;
    }
    const digits = text.slice(position + 1, position + 5);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) {
      throw new Error(`\\u needs four hexadecimal digits, found "${digits}"`);
    }
    result += String.fromCharCode(Number.parseInt(digits, 16));
    position += 4;
  }
  return result;
}

/** The line from which `parseProperties` reads this key and this value. */
export function propertyLine(key: string, value: string): string {
  return `${escaped(key).replaceAll(/[=: #!]/g, '\\$&')}=${escaped(value)}`;
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\f', '\\f')
    .replace(/^ /, '\\ ');
}
