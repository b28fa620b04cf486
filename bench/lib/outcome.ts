/**
 * A row that cannot give a figure, because something went wrong in it or something it needs is
 * missing. The message is one line that says what, and what to do.
 */
export class NoFigure extends Error {
  readonly kind: 'void' | 'skipped';

  constructor(kind: 'void' | 'skipped', message: string) {
    super(message);
    this.name = 'NoFigure';
    this.kind = kind;
  }
}

/** The row ran and had errors in it: whatever it measured is worth nothing. */
export function voided(message: string): NoFigure {
  return new NoFigure('void', message);
}

/** The row did not run. */
export function skipped(message: string): NoFigure {
  return new NoFigure('skipped', message);
}
