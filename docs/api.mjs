/**
 * Writes docs/api.md, every public name of `odradek` and `odradek/engine`, from the types that are
 * published: `npm run docs:api`. With --check it writes nothing, and ends with 1 when the page names
 * others than the types do.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';

const PAGE = new URL('./api.md', import.meta.url);
const DOORS = { odradek: 'server/index.d.ts', 'odradek/engine': 'engine/public.d.ts' };
const COLUMNS = 160;

const roots = Object.values(DOORS).map((path) =>
  decodeURIComponent(new URL(`../dist/esm/types/${path}`, import.meta.url).pathname),
);
const program = ts.createProgram(roots, {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  skipLibCheck: true,
});
const checker = program.getTypeChecker();

function namesOf(root) {
  const door = checker.getSymbolAtLocation(program.getSourceFile(root));
  return checker
    .getExportsOfModule(door)
    .map((symbol) => ({ name: symbol.name, symbol: resolved(symbol) }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

function resolved(symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function kindOf({ flags }) {
  if (flags & ts.SymbolFlags.Function) return 'function';
  if (flags & ts.SymbolFlags.Class) return 'class';
  if (flags & ts.SymbolFlags.Interface) return 'interface';
  return flags & ts.SymbolFlags.TypeAlias ? 'type' : 'constant';
}

/** The first paragraph of what is said of it, on one line. */
function saidOf(symbol) {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
  return text.split('\n\n')[0].replaceAll(/\s+/g, ' ').trim();
}

/** What stands in the declaration, without comments and without what is private. */
function declared(symbol, kind) {
  const [declaration] = symbol.declarations;
  if (kind === 'constant') return null;
  if (kind === 'interface' || kind === 'class') return membersOf(declaration);
  const text = ts.createPrinter({ removeComments: true });
  const whole = text.printNode(ts.EmitHint.Unspecified, declaration, declaration.getSourceFile());
  return whole.replace(/^export (declare )?/, '');
}

function membersOf(declaration) {
  const printer = ts.createPrinter({ removeComments: true });
  const source = declaration.getSourceFile();
  const shown = declaration.members.filter(
    (member) =>
      !(ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) &&
      !(member.name && ts.isPrivateIdentifier(member.name)),
  );
  return shown
    .map((member) => printer.printNode(ts.EmitHint.Unspecified, member, source))
    .map((text) => text.replaceAll(/\s*\n\s*/g, ' '))
    .join('\n');
}

function entryOf({ name, symbol }) {
  const kind = kindOf(symbol);
  const said = wrapped(saidOf(symbol));
  const code = declared(symbol, kind);
  return [
    `### \`${name}\``,
    [`A${/^[aeiou]/.test(kind) ? 'n' : ''} ${kind}.`, said].filter(Boolean).join('\n'),
    code ? `\`\`\`text\n${code}\n\`\`\`` : null,
  ]
    .filter(Boolean)
    .join('\n\n');
}

function wrapped(text) {
  const lines = [''];
  for (const word of text.split(' ')) {
    if (lines.at(-1).length + word.length >= COLUMNS) lines.push('');
    lines.push(`${lines.pop()}${word} `);
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

const doors = Object.keys(DOORS).map((door, at) => ({ door, names: namesOf(roots[at]) }));

if (process.argv.includes('--check')) {
  const page = readFileSync(PAGE, 'utf8').split(/^## `/m).slice(1);
  const wrong = doors.flatMap(({ door, names }, at) => {
    const told = [...page[at].matchAll(/^### `(.*)`$/gm)].map(([, name]) => name);
    const has = names.map(({ name }) => name);
    return [
      ...has.filter((name) => !told.includes(name)).map((name) => `${door}: ${name} is missing`),
      ...told.filter((name) => !has.includes(name)).map((name) => `${door}: there is no ${name}`),
    ];
  });
  if (wrong.length > 0) {
    process.stderr.write(`${wrong.join('\n')}\nnpm run docs:api writes docs/api.md anew\n`);
    process.exitCode = 1;
  }
} else {
  const head = `# Every public name

What \`import\` and \`require\` give, made from the types by \`npm run docs:api\`. How they are used: [embedding.md](embedding.md) and
[testing-with-odradek.md](testing-with-odradek.md). What is in no list here is internal, and may change without notice.`;
  const parts = doors.map(({ door, names }) =>
    [`## \`${door}\``, ...names.map(entryOf)].join('\n\n'),
  );
  writeFileSync(PAGE, `${[head, ...parts].join('\n\n')}\n`);
}
