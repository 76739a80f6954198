/** Looks objects of one database up by their names, as one moment sees them. */
import type { Oid } from './model.js';
import type { MomentRows } from './moment-rows.js';
import { type NamedRow, pgNamespace } from './tables/named.js';
import { pgProc } from './tables/procedures.js';
import { type ClassRow, pgClass } from './tables/relations.js';
import type { CatalogTableSpec } from './tables/spec.js';
import { pgType, type TypeRow } from './tables/types.js';

/** Relations and types by schema and name, schemas, and how many functions share a name. Each is gathered when first asked for. */
export class Names {
  readonly #rows: MomentRows;
  #relations: ReadonlyMap<string, ClassRow> | undefined;
  #types: ReadonlyMap<string, TypeRow> | undefined;
  #procedureCounts: ReadonlyMap<string, number> | undefined;

  constructor(rows: MomentRows) {
    this.#rows = rows;
  }

  /** The relation (of any kind) of that name in that schema. */
  relation(schema: string, name: string): ClassRow | undefined {
    this.#relations ??= this.#byName(pgClass);
    return this.#relations.get(`${schema}\0${name}`);
  }

  /** The type of that name in that schema. */
  type(schema: string, name: string): TypeRow | undefined {
    this.#types ??= this.#byName(pgType);
    return this.#types.get(`${schema}\0${name}`);
  }

  /** Is there a schema of that name? */
  hasSchema(name: string): boolean {
    let found = false;
    this.#rows.each(pgNamespace, (row) => {
      found ||= row.name === name;
    });
    return found;
  }

  /** How many functions of that schema have that name. */
  procedureCount(namespaceOid: Oid, name: string): number {
    this.#procedureCounts ??= this.#countProcedures();
    return this.#procedureCounts.get(`${namespaceOid} ${name}`) ?? 0;
  }

  #byName<Row extends NamedRow & { readonly namespaceOid: Oid }>(
    spec: CatalogTableSpec<Row>,
  ): Map<string, Row> {
    const named = new Map<string, Row>();
    this.#rows.each(spec, (row) => {
      const schema = this.#rows.one(pgNamespace, row.namespaceOid);
      named.set(`${schema?.name ?? ''}\0${row.name}`, row);
    });
    return named;
  }

  #countProcedures(): Map<string, number> {
    const counts = new Map<string, number>();
    this.#rows.each(pgProc, (row) => {
      const key = `${row.namespaceOid} ${row.name}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    });
    return counts;
  }
}
