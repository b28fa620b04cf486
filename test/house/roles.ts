import ts from 'typescript';
import type { Source } from './sources.js';

/** What a room of `engine/log` asks of a log: an interface of its own. */
export interface Role {
  /** `path name`. */
  readonly where: string;
  /** How many members it has, inherited ones with them. */
  readonly members: number;
}

const ROOM = /^engine\/log\/\w+\//;

/** The interfaces in the rooms of `engine/log` whose names end with `Log`. */
export function rolesOf(sources: readonly Source[]): Role[] {
  const rooms = sources.filter(({ path }) => ROOM.test(path));
  const all = new Map<string, ts.InterfaceDeclaration>();
  const roles: [where: string, declaration: ts.InterfaceDeclaration][] = [];
  for (const { path, text } of rooms) {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    for (const node of file.statements) {
      if (!ts.isInterfaceDeclaration(node)) continue;
      all.set(node.name.text, node);
      if (node.name.text.endsWith('Log')) roles.push([`${path} ${node.name.text}`, node]);
    }
  }
  return roles.map(([where, declaration]) => ({ where, members: namesIn(declaration, all).size }));
}

function namesIn(
  declaration: ts.InterfaceDeclaration,
  all: ReadonlyMap<string, ts.InterfaceDeclaration>,
): Set<string> {
  const names = new Set(declaration.members.map((member) => member.name!.getText()));
  const bases = (declaration.heritageClauses ?? []).flatMap(({ types }) => [...types]);
  for (const base of bases) for (const name of inherited(base, all)) names.add(name);
  return names;
}

/** The names of an interface that is extended, or of those that are picked of it. */
function inherited(
  { expression, typeArguments }: ts.ExpressionWithTypeArguments,
  all: ReadonlyMap<string, ts.InterfaceDeclaration>,
): Iterable<string> {
  if (expression.getText() === 'Pick') {
    return [...typeArguments![1]!.getText().matchAll(/'(\w+)'/g)].map(([, name]) => name!);
  }
  const base = all.get(expression.getText());
  if (base === undefined) throw new Error(`no room has ${expression.getText()}`);
  return namesIn(base, all);
}
