/**
 * What of the catalog was made use of while it was still being fed: in the end it is asked again, as what comes later may put right what was
 * said of earlier moments.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { Catalog } from '../catalog/catalog.js';
import type { LocatedTable } from './located-tables.js';
import { roleOf } from './relations.js';
import { isSameType } from './same-type.js';

/** Uses between two changes of the catalog. */
interface Uses {
  readonly firstLsn: Lsn;
  lastLsn: Lsn;
  /** Each with how often the catalog had been corrected when it was made use of first. */
  readonly tables: Map<LocatedTable, number>;
  /** Whether it all still holds, once that was asked. */
  holds?: boolean;
}

/** Times between two changes that are noted at most: each keeps a view of the catalog. */
const MOST = 1024;

export class CatalogUses {
  readonly #catalog: Catalog;
  readonly #byAge = new Map<number, Uses>();
  #age = -1;
  #uses: Uses | undefined;
  #table: LocatedTable | undefined;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** The record at `lsn`, which no record noted before lies behind, was read as one of `table`, when the catalog had this age. False when no more can be noted. */
  note(age: number, lsn: Lsn, table: LocatedTable): boolean {
    let uses = this.#uses;
    if (uses === undefined || age !== this.#age) {
      if (this.#byAge.size >= MOST) return false;
      uses = { firstLsn: lsn, lastLsn: lsn, tables: new Map() };
      this.#byAge.set(age, uses);
      this.#uses = uses;
      this.#age = age;
      this.#table = undefined;
    }
    uses.lastLsn = lsn;
    if (table !== this.#table) {
      if (!uses.tables.has(table))
        uses.tables.set(table, this.#catalog.corrections(table.definition.database.oid));
      this.#table = table;
    }
    return true;
  }

  /** Does the catalog still say the same of all that was noted at this age? To be asked when nothing more is fed to it. */
  hold(age: number): boolean {
    const uses = this.#byAge.get(age);
    if (uses === undefined) return false;
    uses.holds ??= [...uses.tables].every(([table, corrections]) => this.#holds(table, corrections, uses));
    return uses.holds;
  }

  /**
   * All of that time sees one view of the catalog, and that has the file as that table's, and its columns' types as they were when nothing
   * had been put right yet.
   */
  #holds(
    { tablespaceOid, fileNode, definition, types }: LocatedTable,
    corrections: number,
    { firstLsn, lastLsn }: Uses,
  ): boolean {
    const catalog = this.#catalog;
    const databaseOid = definition.database.oid;
    const [first, last] = [{ lsn: firstLsn }, { lsn: lastLsn }];
    const locator = { tablespaceOid, databaseOid, fileNode };
    const now = catalog.types(databaseOid, first);
    return (
      now === catalog.types(databaseOid, last) &&
      catalog.relationByLocator(locator, first) === definition &&
      roleOf(definition, catalog) === 'table' &&
      (catalog.corrections(databaseOid) === corrections ||
        definition.attributes.every(({ typeOid, dropped }) => dropped || isSameType(types, now, typeOid)))
    );
  }
}
