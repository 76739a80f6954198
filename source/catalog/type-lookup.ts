/** Types and registered names of one database at one moment, made of rows of the catalog. */

import { qualify, quoteName } from '../bytes/quoted-name.js';
import { PG_CATALOG_NAMESPACE } from './bootstrap.js';
import type { CatalogRows } from './catalog-rows.js';
import { compositeAttributes } from './definitions.js';
import type { Oid, TypeDefinition, TypeLookup } from './model.js';
import { isUnreadable } from './name-text.js';
import type { TypeRow } from './tables/types.js';

type RegisteredKind = Parameters<NonNullable<TypeLookup['registeredName']>>[0];

/** What format_type() calls types that SQL has a name of its own for (utils/adt/format_type.c), by OID. */
const SQL_NAMES: ReadonlyMap<Oid, string> = new Map([
  [16, 'boolean'],
  [20, 'bigint'],
  [21, 'smallint'],
  [23, 'integer'],
  [114, 'json'],
  [700, 'real'],
  [701, 'double precision'],
  [1042, 'character'],
  [1043, 'character varying'],
  [1083, 'time without time zone'],
  [1114, 'timestamp without time zone'],
  [1184, 'timestamp with time zone'],
  [1186, 'interval'],
  [1266, 'time with time zone'],
  [1560, 'bit'],
  [1562, 'bit varying'],
  [1700, 'numeric'],
]);

/** TYPSTORAGE_PLAIN: an "array" kept so is int2vector or oidvector, which go by their own names. */
const PLAIN_STORAGE = 'p';

/** The types of one database at one moment; each is described once. */
export class CatalogTypeLookup implements TypeLookup {
  readonly encoding: number;
  readonly majorVersion: number;
  readonly #rows: CatalogRows;
  readonly #types = new Map<Oid, TypeDefinition | undefined>();

  constructor(rows: CatalogRows) {
    this.#rows = rows;
    this.encoding = rows.database.encoding;
    this.majorVersion = rows.majorVersion;
  }

  type(oid: Oid): TypeDefinition | undefined {
    if (this.#types.has(oid)) return this.#types.get(oid);
    const row = this.#rows.type(oid);
    const definition = row && this.#describe(row);
    this.#types.set(oid, definition);
    return definition;
  }

  /** As the server prints it with nothing but pg_catalog in its search_path; undefined when not known. */
  registeredName(kind: RegisteredKind, oid: Oid): string | undefined {
    const rows = this.#rows;
    switch (kind) {
      case 'regclass': {
        const relation = rows.relation(oid);
        return relation && this.#visibleName(relation.namespaceOid, relation.name);
      }
      case 'regtype':
        return this.#typeName(oid);
      case 'regnamespace': {
        const namespace = rows.namespace(oid);
        return namespace && quoteName(namespace.name);
      }
      case 'regrole': {
        const role = rows.role(oid);
        return role && quoteName(role.name);
      }
      case 'regproc': {
        const procedure = rows.procedure(oid);
        if (!procedure) return undefined;
        // regprocout leaves the schema out only where the bare name means this function and no other.
        const unique = rows.procedureCount(procedure.namespaceOid, procedure.name) === 1;
        return this.#visibleName(procedure.namespaceOid, procedure.name, unique);
      }
      case 'regprocedure': {
        const procedure = rows.procedure(oid);
        if (!procedure) return undefined;
        const name = this.#visibleName(procedure.namespaceOid, procedure.name);
        const types = procedure.argumentTypes.map((type) => this.#typeName(type));
        return name && types.every((type) => type !== undefined) ? `${name}(${types.join(',')})` : undefined;
      }
      default:
        return undefined;
    }
  }

  #describe(row: TypeRow): TypeDefinition | undefined {
    const rows = this.#rows;
    const schema = rows.namespace(row.namespaceOid);
    if (!schema) return undefined;
    const range = row.kind === 'm' ? rows.rangeOfMultirange(row.oid) : rows.range(row.oid);
    const attributes = row.kind === 'c' ? compositeAttributes(rows, row.relationOid) : undefined;
    const enumLabels = row.kind === 'e' ? this.#labels(row.oid) : undefined;
    const outputFunction = rows.procedure(row.outputProcedure)?.name;
    return {
      oid: row.oid,
      schema: schema.name,
      name: row.name,
      kind: row.kind,
      category: row.category,
      length: row.length,
      byValue: row.byValue,
      alignment: row.alignment,
      delimiter: row.delimiter,
      elementOid: row.category === 'A' && row.length === -1 ? row.elementOid : 0,
      arrayOid: row.arrayOid,
      baseOid: row.baseOid,
      baseTypmod: row.baseTypmod,
      rangeOid: (row.kind === 'm' ? range?.rangeOid : range?.subtypeOid) ?? 0,
      ...(attributes && { attributes }),
      ...(enumLabels && { enumLabels }),
      ...(outputFunction && { outputFunction }),
    };
  }

  /** A label that cannot be read is left out: its values are then said to be unreadable, as they are. */
  #labels(typeOid: Oid): Map<Oid, string> {
    const readable = this.#rows.enumLabels(typeOid).filter((each) => !isUnreadable(each.label));
    return new Map(readable.map((each) => [each.oid, each.label]));
  }

  /** format_type_be(). */
  #typeName(oid: Oid): string | undefined {
    const row = this.#rows.type(oid);
    if (!row) return undefined;
    if (row.elementOid !== 0 && row.length === -1 && row.storage !== PLAIN_STORAGE) {
      const element = this.#rows.type(row.elementOid);
      return element && `${this.#plainTypeName(element)}[]`;
    }
    return this.#plainTypeName(row);
  }

  #plainTypeName(row: TypeRow): string | undefined {
    return SQL_NAMES.get(row.oid) ?? this.#visibleName(row.namespaceOid, row.name);
  }

  /** The name alone when its schema is searched anyway and `bare` allows it, else with its schema. */
  #visibleName(namespaceOid: Oid, name: string, bare = true): string | undefined {
    if (namespaceOid === PG_CATALOG_NAMESPACE && bare) return quoteName(name);
    const namespace = this.#rows.namespace(namespaceOid);
    return namespace && qualify(namespace.name, name);
  }
}
