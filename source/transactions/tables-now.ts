/** Tables by name at one moment: what is called `public.orders` now, and how is it defined. */
import type { Lsn } from '../bytes/lsn.js';
import type { Catalog } from '../catalog/catalog.js';
import type { RelationDefinition } from '../catalog/model.js';
import { LARGE_OBJECT_METADATA_OID, LARGE_OBJECT_OID } from '../rows/large-object-catalogs.js';
import type { Table } from '../rows/row-change.js';
import { tableOfRelation } from '../rows/table.js';

export class TablesNow {
  readonly #catalog: Catalog;
  readonly #lsn: Lsn;
  readonly #byDatabase = new Map<string, Map<string, RelationDefinition>>();
  readonly #tables = new Map<RelationDefinition, Table>();

  /** `lsn`: everything committed before it is seen. */
  constructor(catalog: Catalog, lsn: Lsn) {
    this.#catalog = catalog;
    this.#lsn = lsn;
  }

  /** The table of that name; undefined when there is none. Its number (Table.id) is 0: it is nobody's row's. */
  find(database: string, schema: string, name: string): Table | undefined {
    let named = this.#byDatabase.get(database);
    if (!named) {
      named = this.#namesOf(database);
      this.#byDatabase.set(database, named);
    }
    const relation = named.get(`${schema}\u0000${name}`);
    if (!relation) return undefined;
    let table = this.#tables.get(relation);
    if (!table) {
      const types = this.#catalog.types(relation.database.oid, { lsn: this.#lsn });
      table = tableOfRelation(relation, types, 0).table;
      this.#tables.set(relation, table);
    }
    return table;
  }

  #namesOf(database: string): Map<string, RelationDefinition> {
    const found = this.#catalog.databases().find((each) => each.name === database);
    const at = { lsn: this.#lsn };
    const relations = found ? [...this.#catalog.tables(found.oid, at)] : [];
    for (const oid of found ? [LARGE_OBJECT_OID, LARGE_OBJECT_METADATA_OID] : []) {
      const catalog = this.#catalog.relationByOid(found!.oid, oid, at);
      if (catalog) relations.push(catalog);
    }
    return new Map(relations.map((relation) => [`${relation.schema}\u0000${relation.name}`, relation]));
  }
}
