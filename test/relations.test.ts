/** What a relation's file is for, as the catalog tells it while WAL is read, and when it does not tell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Catalog, CatalogFeed } from '../source/catalog/catalog.js';
import type { RelationDefinition } from '../source/catalog/model.js';
import { Relations } from '../source/transactions/relations.js';

function definition(oid: number, name: string, kind = 'r'): RelationDefinition {
  return { oid, name, kind, database: { oid: 5 }, system: false } as RelationDefinition;
}

/** A catalog that says what `told` says. */
function catalogSaying(told: () => RelationDefinition | undefined, others: readonly RelationDefinition[]) {
  return {
    follows: () => false,
    relationByLocator: told,
    relationByOid: (_database: number, oid: number) => others.find((each) => each.oid === oid),
    isTransient: ({ name }: RelationDefinition) => /^pg_temp_/.test(name),
  } as unknown as Catalog & CatalogFeed;
}

test('the file that a rewrite filled is nobody knows whose while the catalog does not tell, and its rows are not passed over', () => {
  let told: RelationDefinition | undefined = definition(20, 'pg_temp_10');
  const relations = new Relations(catalogSaying(() => told, []));
  const relation = relations.at(1663, 5, 20);
  relations.identify(relation, { lsn: 100 });
  assert.equal(relation.role, 'ignored');
  told = undefined;
  relations.identify(relation, { lsn: 200 });
  assert.equal(relation.role, 'unknown');
  assert.equal(relation.definition, undefined);
  told = definition(10, 'customer');
  relations.identify(relation, { lsn: 300 });
  assert.equal(relation.role, 'table');
  assert.equal(relation.maybeTransient, false);
  told = undefined;
  relations.identify(relation, { lsn: 400 });
  assert.equal(relation.role, 'table');
});

test('the TOAST table of what a rewrite fills may become that of another table', () => {
  const transient = definition(20, 'pg_temp_10');
  let told = definition(21, 'pg_toast_20', 't');
  const relations = new Relations(catalogSaying(() => told, [transient, definition(10, 'customer')]));
  const relation = relations.at(1663, 5, 21);
  relations.identify(relation, { lsn: 100 });
  assert.deepEqual([relation.role, relation.maybeTransient], ['toast', true]);
  told = definition(11, 'pg_toast_10', 't');
  relations.identify(relation, { lsn: 200 });
  assert.deepEqual([relation.role, relation.maybeTransient, relation.definition?.oid], ['toast', false, 11]);
});
