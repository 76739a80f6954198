/**
 * What operators, collations, functions, types and relations are called in expressions, under an empty search_path (generate_*_name() in
 * utils/adt/ruleutils.c). All throw CannotTellError for what the catalog does not tell.
 */
import { qualifiedName, quoteIdentifier, safeTypeName } from '../bytes/identifiers.js';
import { PG_CATALOG_NAMESPACE } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { pgCollation } from '../catalog/tables/named.js';
import { pgOperator } from '../catalog/tables/procedures.js';
import { formatTypeName } from '../types/registry.js';
import { CannotTellError } from './node-tree.js';

/** Names as one moment has them, by OID. */
export class ExpressionNames {
  readonly #rows: CatalogSnapshot;

  constructor(rows: CatalogSnapshot) {
    this.#rows = rows;
  }

  /** An operator as SQL calls it: bare in pg_catalog, else OPERATOR(schema.op). */
  operator(oid: Oid): string {
    const operator = this.#rows.one(pgOperator, oid);
    const schema = operator && this.#rows.namespace(operator.namespaceOid);
    if (!operator || !schema)
      throw new CannotTellError(`it uses operator ${oid}, which the catalog does not tell`);
    if (operator.namespaceOid === PG_CATALOG_NAMESPACE) return operator.name;
    return `OPERATOR(${quoteIdentifier(schema.name)}.${operator.name})`;
  }

  /** A collation's name. */
  collation(oid: Oid): string {
    const collation = this.#rows.one(pgCollation, oid);
    if (!collation) throw new CannotTellError(`it uses collation ${oid}, which the catalog does not tell`);
    return this.#name(collation.namespaceOid, collation.name);
  }

  /** A function's name. */
  function(oid: Oid): string {
    const procedure = this.#rows.procedure(oid);
    if (!procedure) throw new CannotTellError(`it uses function ${oid}, which the catalog does not tell`);
    return this.#name(procedure.namespaceOid, procedure.name);
  }

  /** A type's name with its typmod. */
  type(oid: Oid, typmod = -1): string {
    const name = formatTypeName(oid, typmod, this.#rows.types);
    if (name.includes('???'))
      throw new CannotTellError(`it uses type ${oid}, which the catalog does not tell`);
    return safeTypeName(name);
  }

  #name(namespaceOid: Oid, name: string): string {
    if (namespaceOid === PG_CATALOG_NAMESPACE) return quoteIdentifier(name);
    const schema = this.#rows.namespace(namespaceOid);
    if (!schema) throw new CannotTellError(`the schema of ${name} is not known`);
    return qualifiedName(schema.name, name);
  }

  /** A relation's name as regclass prints it. */
  relation(oid: Oid): string {
    const name = this.#rows.types.registeredName?.('regclass', oid);
    if (name === undefined)
      throw new CannotTellError(`it names relation ${oid}, which the catalog does not tell`);
    return name;
  }
}
