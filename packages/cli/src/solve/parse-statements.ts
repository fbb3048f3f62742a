/** A system's text cut into statements, each parsed by itself: small inputs for the parser, and errors that stay in their line. */
import { parseStatement } from './parse-statement.ts';
import { foundAt, mistake, type Source } from './source.ts';
import type { Statement } from './syntax.ts';

/** Bounds on what a text may ask for: far beyond any system written by hand, and read within a second. */
export const limits = { characters: 65_536, statement: 20_000, nesting: 100 } as const;

interface Piece {
  readonly from: number;
  readonly to: number;
}

/**
 * The statements of a text: one a line, or several with `;` between them; a line goes on while brackets are open, and ends at `#`.
 *
 * @throws FormatError with line and column, what was found there and what was expected.
 */
export function parseStatements(source: Source): readonly Statement[] {
  if (source.text.length > limits.characters) {
    throw mistake(source, limits.characters, `the text has ${source.text.length} characters`, {
      expected: `at most ${limits.characters}`,
      advice: 'Write large systems in TypeScript, with createOde and tensors.',
    });
  }
  return cut(source)
    .filter(({ from, to }) => !isEmpty(source.text.slice(from, to)))
    .map((piece) => parse(source, piece));
}

const isEmpty = (text: string): boolean => /^(\s|#[^\n]*(\n|$))*$/.test(text);

function parse(source: Source, { from, to }: Piece): Statement {
  if (to - from > limits.statement) {
    throw mistake(source, from, `a statement of ${to - from} characters`, {
      expected: `at most ${limits.statement}`,
      advice: 'Give parts of it names of their own.',
    });
  }
  const found = parseStatement(source.text.slice(from, to), from);
  if (found.kind !== 'mismatch') return found;
  throw mistake(source, found.at, `found ${foundAt(source, found.at)}`, { expected: found.expected });
}

function cut(source: Source): readonly Piece[] {
  const { text } = source;
  const pieces: Piece[] = [];
  const open: number[] = [];
  let from = 0;
  let isComment = false;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i];
    if (isComment && sign !== '\n') continue;
    isComment = sign === '#';
    if (sign === '(') open.push(i);
    if (open.length > limits.nesting) {
      throw mistake(source, i, `${open.length} brackets within each other`, { expected: `at most ${limits.nesting}` });
    }
    if (sign === ')') open.pop();
    if (open.length === 0 && (sign === '\n' || sign === ';')) {
      pieces.push({ from, to: i });
      from = i + 1;
    }
  }
  const [unclosed] = open;
  if (unclosed !== undefined) throw mistake(source, unclosed, 'found “(” without its “)”', { expected: 'both' });
  return [...pieces, { from, to: text.length }];
}
