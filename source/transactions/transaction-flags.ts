/** What is or is not the case with a transaction, as bits of one number. */
import type { TransactionEntry } from './transaction-index.js';

export const TransactionFlag = {
  prepared: 1,
  straddlesFork: 2,
  changesCatalog: 4,
  beginningMissing: 8,
  message: 16,
  replicated: 32,
  preparedBeforeFork: 64,
  buildsOnLost: 128,
  buildsOnUnknown: 256,
  hasChildren: 512,
  toDecode: 1024,
} as const;

/** Of which a summary says more than numbers and the shape. */
export const UNUSUAL_FLAGS =
  TransactionFlag.prepared |
  TransactionFlag.straddlesFork |
  TransactionFlag.changesCatalog |
  TransactionFlag.beginningMissing |
  TransactionFlag.message |
  TransactionFlag.replicated |
  TransactionFlag.preparedBeforeFork;

/** The bits of a transaction. */
export function flagsOf(entry: TransactionEntry): number {
  return (
    (entry.state === 'prepared' ? TransactionFlag.prepared : 0) |
    (entry.state === 'message' ? TransactionFlag.message : 0) |
    (entry.origin ? TransactionFlag.replicated : 0) |
    (entry.preparedBeforeFork ? TransactionFlag.preparedBeforeFork : 0) |
    (entry.straddlesFork ? TransactionFlag.straddlesFork : 0) |
    (entry.changesCatalog ? TransactionFlag.changesCatalog : 0) |
    (entry.beginningMissing ? TransactionFlag.beginningMissing : 0) |
    (entry.hasChildren ? TransactionFlag.hasChildren : 0) |
    (entry.toDecode ? TransactionFlag.toDecode : 0) |
    (entry.buildsOn?.buildsOnLost ? TransactionFlag.buildsOnLost : 0) |
    (entry.buildsOn?.buildsOnUnknown ? TransactionFlag.buildsOnUnknown : 0)
  );
}
