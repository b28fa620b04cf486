import ts from 'typescript';
import type { Source } from './sources.js';

/** How many names of a class others can use; a getter and its setter are one. */
export function publicMembers({ path, text }: Source, className: string): number {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = file.statements.find(
    (node): node is ts.ClassDeclaration =>
      ts.isClassDeclaration(node) && node.name?.text === className,
  );
  if (found === undefined) throw new Error(`${path} has no class ${className}`);
  return new Set(found.members.filter(isPublic).map(({ name }) => name!.getText())).size;
}

function isPublic(member: ts.ClassElement): boolean {
  if (member.name === undefined || ts.isPrivateIdentifier(member.name)) return false;
  return (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) === 0;
}
