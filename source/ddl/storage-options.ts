/** Storage parameters as WITH and SET take them. */
import { quoteIdentifier } from '../bytes/identifiers.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { ClassRow } from '../catalog/tables/relations.js';

/** Storage options as WITH takes them: `fillfactor='70', autovacuum_enabled=false`. */
export function optionList(options: readonly string[]): string {
  return options
    .map((option) => {
      const split = option.indexOf('=');
      const name = split < 0 ? option : option.slice(0, split);
      const value = split < 0 ? '' : option.slice(split + 1);
      const bare = value !== '' && quoteIdentifier(value) === value;
      return `${name.split('.').map(quoteIdentifier).join('.')}=${bare ? value : quoteLiteral(value)}`;
    })
    .join(', ');
}

/** Storage options of a table's TOAST table, as the table's WITH takes them. */
export function toastOptions(rows: CatalogSnapshot, relation: ClassRow): string[] {
  const toast = relation.toastOid === 0 ? undefined : rows.relation(relation.toastOid);
  return (toast?.options ?? []).map((option) => `toast.${option}`);
}
