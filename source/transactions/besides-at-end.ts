/** What a finished scan found lost beside the rows of transactions: where sequences stood, and tables that have no WAL. */
import type { Lsn } from '../bytes/lsn.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Moment } from '../catalog/moment.js';
import type { WalReader } from '../wal/reader.js';
import type { ChangeDecoder } from './changes.js';
import { locatorOf } from './located-tables.js';
import type { LostBesides, SequenceAtEnd } from './lost-besides.js';
import type { Scan } from './scan.js';
import { lostRecord } from './transaction-records.js';

/** Where it is looked for. */
export interface BesidesContext {
  /** Finished. */
  readonly scan: Scan;
  readonly catalog: Catalog;
  readonly decoder: ChangeDecoder;
  readonly records: WalReader;
  /** What committed behind this LSN is lost. */
  readonly lostFrom: Lsn;
}

/** What of `databases` (their names) has no WAL, and where all sequences stood. Throws ForkpointError where a record is not there any more. */
export function besidesAtEnd(
  { scan, catalog, decoder, records, lostFrom }: BesidesContext,
  databases: ReadonlySet<string>,
): LostBesides {
  const now: Moment = { lsn: scan.reader.position };
  const fork: Moment = { lsn: lostFrom };
  const sequences = new Map<string, SequenceAtEnd>();
  for (const lsn of scan.lastSequenceRecords()) {
    if (!records.readAt(lsn)) throw lostRecord(lsn, records.end?.reason);
    const definition = catalog.relationByLocator(locatorOf(records), now);
    if (!definition) continue;
    const { oid, database } = definition;
    // It is found by a file it had, even when it was dropped since.
    if (!catalog.relationByOid(database.oid, oid, now)) continue;
    const before = catalog.relationByOid(database.oid, oid, fork);
    for (const change of decoder.sequence(records, now)) {
      // A sequence that was restarted has a new file, and its last word is there.
      sequences.set(`${database.oid}/${oid}`, {
        change,
        before: before && { schema: before.schema, name: before.name },
      });
    }
  }
  const withoutWal = catalog
    .databases()
    .filter(({ name }) => databases.has(name))
    .flatMap(({ oid }) => catalog.withoutWal(oid, now))
    .map(({ database, schema, name, kind, persistence }) => ({
      database: database.name,
      schema,
      name,
      kind: kind === 'S' ? ('sequence' as const) : ('table' as const),
      persistence: persistence === 'u' ? ('unlogged' as const) : ('temporary' as const),
    }));
  return { sequences: [...sequences.values()], withoutWal };
}
