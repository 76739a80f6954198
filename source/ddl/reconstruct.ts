/** What a transaction said to the catalog between two row changes, put back into statements. */
import { qualifiedName, quoteIdentifier } from '../bytes/identifiers.js';
import { CannotTellError } from './node-tree.js';
import { extensionStatements, namedStatements, schemaStatements } from './others.js';
import { relationStatements } from './relations.js';
import { orderRenames } from './renames.js';
import { type DdlStatement, Run, type RunParts, Stage } from './run.js';
import type { DdlRename } from './touched-relation.js';
import { typeStatements } from './types.js';

/** Kinds of renamed objects, in the order in which they are to be renamed. */
const WORDS = ['SCHEMA', 'TYPE', 'DOMAIN'];

/**
 * The statements of one run, in an order in which they work, each told exactly or with the reason why it is not. Statements
 * that cancel each other out leave none.
 */
export function reconstruct(parts: RunParts): DdlStatement[] {
  const run = new Run(parts);
  const renames: DdlRename[] = [];
  attempt(run, 'extensions', () => extensionStatements(run));
  attempt(run, 'schemas', () => schemaStatements(run, renames));
  attempt(run, 'types', () => typeStatements(run, renames));
  attempt(run, 'relations', () => relationStatements(run, renames));
  attempt(run, 'other objects', () => namedStatements(run));
  addRenames(run, renames);
  return run.statements();
}

/** Tells what became of one sort of objects; where the catalog lacks what even their names are made of, that there was something. */
function attempt(run: Run, what: string, tell: () => void): void {
  try {
    tell();
  } catch (error) {
    if (!(error instanceof CannotTellError)) throw error;
    const { lsn } = run.changes[0];
    run.add(Stage.rename, -1, { lsn, description: `changes ${what}`, reason: error.message });
  }
}

function addRenames(run: Run, renames: readonly DdlRename[]): void {
  orderRenames(renames).forEach(({ rename, from, to }, position) => {
    const rank = WORDS.indexOf(rename.word);
    const word = rename.word.toLowerCase();
    const statement = rename.word === 'CONSTRAINT' ? renameConstraint : renameObject;
    run.add(Stage.rename, (rank < 0 ? WORDS.length : rank) * 100_000 + position, {
      lsn: rename.lsn,
      description: `renames ${word} ${from
        .filter((part) => part !== '')
        .join('.')
        .replaceAll('\0', '.')} to ${to
        .filter((part) => part !== '')
        .join('.')
        .replaceAll('\0', '.')}`,
      redo: statement(rename.word, from, to),
      undo: statement(rename.word, to, from),
      subject: {
        effect: 'alter',
        kind: rename.word === 'SCHEMA' ? 'schema' : rank >= 0 ? 'type' : 'relation',
        ...plainName(rename.word, from),
        to: plainName(rename.word, to),
      },
    });
  });
}

/** Schema and name; for a constraint its table's, for a schema its own twice. */
function plainName(word: string, [container, name]: Name): { schema: string; name: string } {
  const [schema, table] = container.split('\0');
  return { schema: word === 'SCHEMA' ? name : schema, name: table ?? name };
}

type Name = readonly [container: string, name: string];

function renameObject(word: string, from: Name, to: Name): string {
  if (word === 'SCHEMA')
    return `ALTER SCHEMA ${quoteIdentifier(from[1])} RENAME TO ${quoteIdentifier(to[1])}`;
  const steps: string[] = [];
  if (from[0] !== to[0])
    steps.push(`ALTER ${word} ${qualifiedName(from[0], from[1])} SET SCHEMA ${quoteIdentifier(to[0])}`);
  if (from[1] !== to[1])
    steps.push(`ALTER ${word} ${qualifiedName(to[0], from[1])} RENAME TO ${quoteIdentifier(to[1])}`);
  return steps.join('; ');
}

/** The container is `schema`, a zero character, `table`. */
function renameConstraint(_: string, from: Name, to: Name): string {
  const [schema, table] = to[0].split('\0');
  return `ALTER TABLE ${qualifiedName(schema, table)} RENAME CONSTRAINT ${quoteIdentifier(from[1])} TO ${quoteIdentifier(to[1])}`;
}
