import ts from 'typescript';
import type { Source } from './sources.js';

/** Every file may count up a counter for the work that it does. */
const COUNTERS = /(^|[.#])counters$/;

/** Where a file assigns a field of an object that is not `this`: `path:line target`. */
export function foreignAssignments({ path, text }: Source): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    for (const target of targetsOf(node)) {
      if (!isForeign(target)) continue;
      const { line } = file.getLineAndCharacterOfPosition(target.getStart());
      found.push(`${path}:${line + 1} ${target.getText()}`);
    }
    ts.forEachChild(node, look);
  };
  look(file);
  return found;
}

/** What a node assigns to, counts up or down, or deletes. */
function targetsOf(node: ts.Node): ts.Expression[] {
  if (ts.isDeleteExpression(node)) return [node.expression];
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    const assigns = kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
    return assigns ? [node.left] : [];
  }
  if (!ts.isPrefixUnaryExpression(node) && !ts.isPostfixUnaryExpression(node)) return [];
  const counts =
    node.operator === ts.SyntaxKind.PlusPlusToken ||
    node.operator === ts.SyntaxKind.MinusMinusToken;
  return counts ? [node.operand] : [];
}

function isForeign(target: ts.Expression): target is ts.PropertyAccessExpression {
  if (!ts.isPropertyAccessExpression(target)) return false;
  const owner = target.expression;
  return owner.kind !== ts.SyntaxKind.ThisKeyword && !COUNTERS.test(owner.getText());
}
