/**
 * How little has to be decoded to tell the verdicts of lost transactions: by what they did to which table, and what the new primary did
 * there since the fork.
 *
 * `plain`: the new primary has not written the table, and no key of it passed from one lost row to another: none was both given up and
 * taken; or it has no key at all, and lost transactions only put rows in. Nothing there can collide. A row is clean, or, where it goes on from a row of another lost transaction, a dependency: the scan
 * has seen which (transactions/row-lineage.ts), so that nothing need be decoded.
 *
 * `placed`: rows go on from each other in their places all the same, but which keys were taken has to be compared: with those that the new
 * primary has written, and with those that lost transactions gave up. Only these are remembered. Where the new primary has not written
 * the table, transactions that only updated it, and changed no key, are told as with plain ones.
 *
 * `keys`: whatever was written has to be known by its key.
 */
import type { Change } from '../rows/row-change.js';
import type { ClusterReader } from '../transactions/cluster-reader.js';
import type { LostRows } from '../transactions/lost-rows.js';
import type { TransactionIndex } from '../transactions/transaction-index.js';
import type { TransactionShape } from '../transactions/transaction-shapes.js';
import { kept, moves } from './change-keys.js';
import type { CurrentRows } from './current-rows.js';
import { keysOf, tableKey } from './row-keys.js';

/** By what the rows of a table are judged. */
export type JudgedBy = 'plain' | 'placed' | 'keys';

/** What is told without decoding rows. */
export interface ToldVerdicts {
  /** Undefined where the transaction has to be judged by its rows. */
  verdict(index: number): 'clean' | 'dependency' | undefined;
  /** By what rows of the table of that name (see tableKey) are judged. */
  judgedBy(tableName: string): JudgedBy;
  /** Of the table of that name: the last transaction that may have taken a key; what is given up by it or later is met by nobody. */
  lastTaker(tableName: string): number;
  /** May rows of the transaction be judged as they lie? Otherwise all of them have to be decoded. */
  inPlace(index: number): boolean;
}

/** Nobody's verdict is told. */
export const NOTHING_TOLD: ToldVerdicts = {
  verdict: () => undefined,
  judgedBy: () => 'keys',
  lastTaker: () => Number.POSITIVE_INFINITY,
  inPlace: () => false,
};

const DECODED_BETWEEN_BREATHS = 256;

/**
 * Finds out whose verdict is told. `reader` has read the old side to its end, `current` knows all that the new primary has written;
 * `breathe` lets others have their turn now and then.
 */
export async function toldVerdicts(
  reader: ClusterReader,
  current: CurrentRows,
  breathe: () => Promise<void>,
): Promise<ToldVerdicts> {
  const { index, lineage } = reader.scan;
  if (!lineage.certain || current.incomplete !== undefined) return NOTHING_TOLD;
  const needsRows = (number: number): boolean =>
    index.changesCatalog(number) ||
    index.beginningMissing(number) ||
    index.isToDecode(number) ||
    index.buildsOnLost(number) === undefined;
  const tables = new Map<string, LostTable>();
  for (const rows of reader.lostRows()) {
    const name = tableKey(rows.table);
    const found = await lostTable(rows, current, breathe);
    tables.set(name, tables.has(name) ? BY_KEYS : found);
  }
  const disturb = (shape: TransactionShape): void => {
    for (const name of namesOf(shape)) tables.set(name, BY_KEYS);
  };
  for (let number = 0; number < index.shapeCount; number++) {
    const shape = index.shape(number);
    if (shape.undecodable > 0 || shape.truncates > 0) disturb(shape);
  }
  for (let number = 0; number < index.length; number++)
    if (needsRows(number)) disturb(index.shape(index.shapeNumber(number)));
  /** By the number of the shape: are they judged by their rows? */
  const byRows = new Uint8Array(index.shapeCount);
  /** The same: are rows of theirs judged by their keys alone? */
  const byKeys = new Uint8Array(index.shapeCount);
  for (let number = 0; number < byRows.length; number++) {
    const shape = index.shape(number);
    const names = namesOf(shape);
    const told = shape.tables.every((counts, i) => {
      const { judgedBy, updatesTold } = tables.get(names[i]) ?? BY_KEYS;
      return judgedBy === 'plain' || (updatesTold && counts.insert === 0 && counts.delete === 0);
    });
    if (shape.undecodable > 0 || !told) byRows[number] = 1;
    if (names.every((name) => (tables.get(name) ?? BY_KEYS).judgedBy === 'keys')) byKeys[number] = 1;
  }
  const takers = lastTakers(index, (name) => tables.get(name)?.mayMove ?? true);
  return {
    lastTaker: (tableName) => takers.get(tableName) ?? -1,
    inPlace: (number) => byKeys[index.shapeNumber(number)] === 0,
    judgedBy: (tableName) => (tables.get(tableName) ?? BY_KEYS).judgedBy,
    verdict(number) {
      if (byRows[index.shapeNumber(number)] === 1 || needsRows(number)) return undefined;
      return index.buildsOnLost(number) ? 'dependency' : 'clean';
    },
  };
}

/** A table that lost transactions wrote. */
interface LostTable {
  readonly judgedBy: JudgedBy;
  /** Whoever only updated it is told without decoding. */
  readonly updatesTold: boolean;
  /** An update may have given a row another key. */
  readonly mayMove: boolean;
}

const BY_KEYS: LostTable = { judgedBy: 'keys', updatesTold: false, mayMove: true };

/** By table: the last transaction that put in rows, or may have given some another key. */
function lastTakers(index: TransactionIndex, mayMove: (tableName: string) => boolean): Map<string, number> {
  const lastOfShape = new Int32Array(index.shapeCount).fill(-1);
  for (let number = 0; number < index.length; number++) lastOfShape[index.shapeNumber(number)] = number;
  const takers = new Map<string, number>();
  lastOfShape.forEach((last, number) => {
    const shape = index.shape(number);
    const names = namesOf(shape);
    shape.tables.forEach(({ insert, update }, i) => {
      const takes = insert > 0 || (update > 0 && mayMove(names[i]));
      if (takes) takers.set(names[i], Math.max(last, takers.get(names[i]) ?? -1));
    });
  });
  return takers;
}

function namesOf({ database, tables }: TransactionShape): string[] {
  return tables.map(({ schema, table }) => tableKey({ database, schema, name: table }));
}

async function lostTable(
  rows: LostRows,
  current: CurrentRows,
  breathe: () => Promise<void>,
): Promise<LostTable> {
  const { table, facts, decodable, settled } = rows;
  if (!decodable || !settled || table.schema === 'pg_catalog') return BY_KEYS;
  const touched = current.touched(table);
  if (touched === undefined || current.misfit(table) !== undefined) return BY_KEYS;
  const { identity, others } = keysOf(table);
  if (identity.wholeRow) {
    // Rows without key are told apart by all they hold: equal ones follow each other wherever they lie. One more is in nobody's way.
    const refusesNone = others.length === 0 && table.conditionalKeys === undefined;
    const isPlain = facts.updates === 0 && facts.deletes === 0 && (!touched || refusesNone);
    return isPlain ? { judgedBy: 'plain', updatesTold: true, mayMove: false } : BY_KEYS;
  }
  // Of an old row that is not known whole, the other keys are not known.
  if (facts.partial > 0 && (others.length > 0 || !rows.keyIsLogged)) return BY_KEYS;
  if (touched) return { judgedBy: 'placed', updatesTold: false, mayMove: facts.moves > 0 };
  const updatesTold = facts.moves === 0 || (await noneMoves(rows, breathe));
  const passes = facts.deletes > 0 && facts.inserts > 0;
  return { judgedBy: updatesTold && !passes ? 'plain' : 'placed', updatesTold, mayMove: !updatesTold };
}

/** Did none of the updates that may have changed a key do so? */
async function noneMoves({ doubtful }: LostRows, breathe: () => Promise<void>): Promise<boolean> {
  const changes = doubtful();
  if (!changes) return false;
  let decoded = 0;
  for (const change of changes) {
    if (!staysInPlace(change)) return false;
    if (++decoded % DECODED_BETWEEN_BREATHS === 0) await breathe();
  }
  return true;
}

function staysInPlace(change: Change): boolean {
  if (change.kind !== 'row' || change.problem !== undefined || !change.before || !change.after) return false;
  return !moves(change) && keysOf(change.table).others.every((set) => kept(change, set));
}
