/** Reads a damaged incident the way the program does, and holds what it says against what the undamaged one said. */
import { isDeepStrictEqual } from 'node:util';
import { ForkpointError } from '../../source/bytes/errors.js';
import type { ListedTransaction, Verdict } from '../../source/incident/model.js';
import { openIncident } from '../../source/incident/open.js';
import type { OpenedIncident } from '../../source/incident/opened-incident.js';
import { type Change, isUnknown, type Row, tableLabel } from '../../source/rows/row-change.js';
import type { Blindness } from './damages.js';

/** Lost transactions as told, by commit LSN. */
export type Told = ReadonlyMap<
  number,
  { readonly transaction: ListedTransaction; readonly verdict: Verdict; readonly changes: readonly Change[] }
>;

export interface Reading {
  readonly told: Told;
  /** It was said that something is missing or cannot be told. */
  readonly doubted: boolean;
  readonly warnings: readonly string[];
}

/** How a damaged incident was answered. */
export type Outcome =
  | { readonly kind: 'whole' | 'less, and said' | 'refused' }
  /** What must not be. */
  | { readonly kind: 'WRONG' | 'UNSAID' | 'CRASH'; readonly why: string };

function readAll(incident: OpenedIncident): Told {
  const told = new Map<number, { transaction: ListedTransaction; verdict: Verdict; changes: Change[] }>();
  const all = Array.from({ length: incident.length }, (_, index) => index);
  for (const { transaction, changes } of incident.transactionsWithChanges(all)) {
    told.set(transaction.commitLsn, { transaction, verdict: transaction.verdict, changes: [...changes] });
  }
  return told;
}

/** Reads, judges and decodes everything; temporary files take `tempLimit` bytes at most. Throws what the program would. */
export async function read(old: string, fresh: string, tempLimit?: number): Promise<Reading> {
  const incident = await openIncident({ old, new: fresh, tempLimit });
  try {
    while (incident.step(1000));
    await incident.judge();
    const told = readAll(incident);
    const { warnings } = incident.overview();
    const doubted = incident.incomplete || incident.progress().loss.undecodable > 0;
    return { told, doubted, warnings };
  } finally {
    incident.close();
  }
}

function isForkpointError(error: unknown): error is ForkpointError {
  return error instanceof ForkpointError;
}

/** Is every value that is told the true one? A value may be told where the truth could not: then nothing says it is wrong. */
function rowHolds(told: Row | undefined, true_: Row | undefined): boolean {
  if (told === undefined) return true;
  if (true_ === undefined || told.length !== true_.length) return false;
  return told.every((value, i) => isUnknown(value) || isDeepStrictEqual(value, true_[i]));
}

/** It says that something was changed, and no more: what the transaction did to the catalog besides is for people, only a statement promises. */
function promisesNothing(change: Change): boolean {
  if (change.kind === 'row') return change.problem !== undefined;
  return change.kind === 'undecodable' || (change.kind === 'catalog' && change.statement === undefined);
}

function changeHolds(told: Change, true_: Change): boolean {
  if (promisesNothing(told)) return true;
  if (told.kind !== 'row' || true_.kind !== 'row') return isDeepStrictEqual(told, true_);
  return (
    told.operation === true_.operation &&
    told.xid === true_.xid &&
    tableLabel(told.table) === tableLabel(true_.table) &&
    told.table.database === true_.table.database &&
    told.table.columns.length === true_.table.columns.length &&
    told.table.columns.every(({ name, typeName }, i) => {
      const column = true_.table.columns[i];
      // format_type's own way to say that it does not know.
      return name === column.name && (typeName === column.typeName || typeName === '???');
    }) &&
    rowHolds(told.before, true_.before) &&
    rowHolds(told.after, true_.after)
  );
}

/** A change that is told whole, as the truth has it. */
function isWhole(told: Change, true_: Change): boolean {
  if (told.kind !== 'row' || true_.kind !== 'row') return isDeepStrictEqual(told, true_);
  return (
    told.problem === undefined &&
    isDeepStrictEqual(told.before, true_.before) &&
    isDeepStrictEqual(told.after, true_.after) &&
    isDeepStrictEqual(told.table.identity, true_.table.identity)
  );
}

const text = (value: unknown) => JSON.stringify(value)?.slice(0, 600);

/** Compares two readings. */
export function compare(reading: Reading, truth: Reading, blindness: Blindness): Outcome {
  let whole = reading.told.size === truth.told.size;
  // A verdict of unknown comes with its reason.
  let unknowns = false;
  for (const [commitLsn, { transaction, verdict, changes }] of reading.told) {
    const known = truth.told.get(commitLsn);
    const what = `xid ${transaction.xid} at ${commitLsn}`;
    const wrong = (why: string): Outcome =>
      blindness === 'misled' ? { kind: 'less, and said' } : { kind: 'WRONG', why: `${what}: ${why}` };
    if (!known) return wrong('there is no such transaction');
    for (const field of ['xid', 'state', 'commitTime', 'gid', 'commitEndLsn'] as const) {
      if (!isDeepStrictEqual(transaction[field], known.transaction[field]))
        return wrong(`${field} is ${transaction[field]}, not ${known.transaction[field]}`);
    }
    const trueChanges = new Map(
      known.changes.map((change, i) => [`${change.lsn} ${ordinal(known.changes, i)}`, change]),
    );
    for (const [i, change] of changes.entries()) {
      const counterpart = trueChanges.get(`${change.lsn} ${ordinal(changes, i)}`);
      if (!counterpart) {
        whole = false;
        if (promisesNothing(change)) continue;
        return wrong(`there is no such change: ${text(change)}`);
      }
      if (!changeHolds(change, counterpart))
        return wrong(`${text(change)} where the truth is ${text(counterpart)}`);
      if (!isWhole(change, counterpart)) whole = false;
    }
    if (changes.length !== known.changes.length) whole = false;
    if (verdict !== known.verdict) {
      whole = false;
      const cut = transaction.undecodable > 0 || transaction.beginningMissing;
      if (verdict !== 'unknown' && !cut) return wrong(`the verdict is ${verdict}, not ${known.verdict}`);
      if (verdict === 'unknown') unknowns = true;
    }
  }
  if (whole) return { kind: 'whole' };
  const said = unknowns || reading.doubted || reading.warnings.length > truth.warnings.length;
  if (!said && blindness === 'none')
    return {
      kind: 'UNSAID',
      why: `${reading.told.size} of ${truth.told.size} transactions, as if they were all and whole`,
    };
  return { kind: 'less, and said' };
}

/** The how manieth change at its LSN: a COPY's record holds many. */
function ordinal(changes: readonly Change[], index: number): number {
  let number = 0;
  while (index - number > 0 && changes[index - number - 1].lsn === changes[index].lsn) number++;
  return number;
}

/** Reads two damaged directories and compares. Never throws. */
export async function examine(
  old: string,
  fresh: string,
  truth: Reading,
  blindness: Blindness,
): Promise<Outcome> {
  let reading: Reading;
  try {
    reading = await read(old, fresh);
  } catch (error) {
    if (isForkpointError(error)) return { kind: 'refused' };
    return { kind: 'CRASH', why: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  return compare(reading, truth, blindness);
}
