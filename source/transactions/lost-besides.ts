/** What was lost beside the rows of transactions. */
import type { SequenceChange } from '../rows/row-change.js';

/** A table or sequence whose contents WAL does not hold. */
export interface RelationWithoutWal {
  readonly database: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'sequence';
  readonly persistence: 'unlogged' | 'temporary';
}

/** Where a sequence stood at the end. */
export interface SequenceAtEnd {
  /** By its name at the end. */
  readonly change: SequenceChange;
  /** Its name at the fork; undefined when it was made in the lost part. */
  readonly before?: { readonly schema: string; readonly name: string };
}

export interface LostBesides {
  /**
   * Where each sequence that was written in the lost part, and is still there, stood at its end. Numbers taken by transactions that rolled back, or were
   * still running at the crash, count too: sequences know no rollback.
   */
  readonly sequences: readonly SequenceAtEnd[];
  /** Of the databases in which something was lost, as they were at the end. */
  readonly withoutWal: readonly RelationWithoutWal[];
}

/** Before the old side is read to its end, or where nothing was lost. */
export const NOTHING_BESIDES: LostBesides = { sequences: [], withoutWal: [] };

/** Named one by one up to here. */
const NAMED = 8;

/** One sentence for each sort of them, naming the unlogged ones; none where there are none. */
export function withoutWalNotes(relations: readonly RelationWithoutWal[]): string[] {
  const notes: string[] = [];
  for (const persistence of ['unlogged', 'temporary'] as const) {
    for (const kind of ['table', 'sequence'] as const) {
      const found = relations.filter((each) => each.persistence === persistence && each.kind === kind);
      if (found.length === 0) continue;
      const names = found
        .slice(0, NAMED)
        .map(({ database, schema, name }) => `${database}: ${schema}.${name}`);
      const more = found.length > NAMED ? ` and ${found.length - NAMED} more` : '';
      const plural = found.length === 1 ? `${persistence} ${kind}` : `${persistence} ${kind}s`;
      notes.push(
        `${found.length} ${plural} (${names.join(', ')}${more}) ${found.length === 1 ? 'has' : 'have'} no WAL: what was written there is not recoverable and not in any export`,
      );
    }
  }
  return notes;
}
