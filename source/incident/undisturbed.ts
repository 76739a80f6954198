/**
 * Lost transactions whose verdict is told without decoding a row of them: they are whole, changed no catalog, and wrote only to tables
 * that the new primary has not written since the fork, and of which no key passed from one lost row to another. Nothing there can collide.
 * Such a transaction is clean, or, where it went on from a row of another lost one, a dependency: the scan has seen which
 * (transactions/row-lineage.ts).
 *
 * What has to be judged by its rows needs to know what others wrote under the same keys. So where one transaction has to, all who wrote to
 * its tables are judged by their rows too, but for the rows of undisturbed tables nobody need remember keys.
 */
import type { Change } from '../rows/row-change.js';
import type { ClusterReader } from '../transactions/cluster-reader.js';
import type { LostRows } from '../transactions/lost-rows.js';
import type { TransactionShape } from '../transactions/transaction-index.js';
import { kept, moves } from './change-keys.js';
import type { CurrentRows } from './current-rows.js';
import { keysOf, tableKey } from './row-keys.js';

/** What is told without decoding rows. */
export interface ToldVerdicts {
  /** Undefined where the transaction has to be judged by its rows. */
  verdict(index: number): 'clean' | 'dependency' | undefined;
  /** The table of that name (see tableKey) is undisturbed: its rows go on from each other, if at all, in their places. */
  isUndisturbed(tableName: string): boolean;
}

/** Nobody's verdict is told. */
export const NOTHING_TOLD: ToldVerdicts = { verdict: () => undefined, isUndisturbed: () => false };

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
    index.buildsOnLost(number) === undefined;
  const undisturbed = new Map<string, boolean>();
  for (const rows of reader.lostRows()) {
    const name = tableKey(rows.table);
    const before = undisturbed.get(name) ?? true;
    undisturbed.set(name, before && (await isUndisturbed(rows, current, breathe)));
  }
  const disturb = (shape: TransactionShape): void => {
    for (const table of tablesOf(shape)) undisturbed.set(table, false);
  };
  for (let number = 0; number < index.shapeCount; number++) {
    const shape = index.shape(number);
    if (shape.undecodable > 0 || shape.truncates > 0) disturb(shape);
  }
  for (let number = 0; number < index.length; number++)
    if (needsRows(number)) disturb(index.shape(index.shapeNumber(number)));
  const isPlain = (tableName: string): boolean => undisturbed.get(tableName) === true;
  /** By the number of the shape: are they judged by their rows? */
  const byRows = new Uint8Array(index.shapeCount);
  for (let number = 0; number < byRows.length; number++) {
    const shape = index.shape(number);
    if (shape.undecodable > 0 || !tablesOf(shape).every(isPlain)) byRows[number] = 1;
  }
  return {
    isUndisturbed: isPlain,
    verdict(number) {
      if (byRows[index.shapeNumber(number)] === 1 || needsRows(number)) return undefined;
      return index.buildsOnLost(number) ? 'dependency' : 'clean';
    },
  };
}

function tablesOf({ database, tables }: TransactionShape): string[] {
  return tables.map(({ schema, table }) => tableKey({ database, schema, name: table }));
}

/** Did the new primary leave the table alone, and can no key of it have passed from one lost row to another? */
async function isUndisturbed(
  rows: LostRows,
  current: CurrentRows,
  breathe: () => Promise<void>,
): Promise<boolean> {
  const { table, facts, decodable, settled } = rows;
  if (!decodable || !settled || table.schema === 'pg_catalog') return false;
  if (current.touched(table) !== false || current.misfit(table) !== undefined) return false;
  const { identity, others } = keysOf(table);
  // Rows without key are told apart by all they hold: equal ones follow each other wherever they lie.
  if (identity.wholeRow) return facts.updates === 0 && facts.deletes === 0;
  // Of an old row that is not known whole, the other keys are not known.
  if (facts.partial > 0 && (others.length > 0 || !rows.keyIsLogged)) return false;
  const gives = facts.deletes > 0;
  const takes = facts.inserts > 0;
  if (gives && takes) return false;
  return facts.moves === 0 || (await noneMoves(rows, breathe));
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
