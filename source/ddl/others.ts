/** Schemas and extensions, which can be told; functions, triggers, rules and the rest, which are named, and told where they go. */

import { quoteIdentifier, safeTypeName } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import { CatalogOid } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { type AttachedRow, pgRewrite, pgTrigger } from '../catalog/tables/dependents.js';
import { type ExtensionRow, type NamedRow, type NamespaceRow, pgExtension } from '../catalog/tables/named.js';
import type { ProcedureRow } from '../catalog/tables/procedures.js';
import type { CastRow } from '../catalog/tables/types.js';
import { CannotTellError } from './node-tree.js';
import { label, relationName } from './object-names.js';
import { type Run, Stage } from './run.js';
import type { DdlRename } from './touched-relation.js';

/** BOOTSTRAP_SUPERUSERID */
const BOOTSTRAP_SUPERUSER: Oid = 10;

/** Catalogs whose rows are only named, and what to call one. */
const NAMED: ReadonlyMap<Oid, string> = new Map([
  [CatalogOid.operator, 'operator'],
  [CatalogOid.operatorClass, 'operator class'],
  [CatalogOid.collation, 'collation'],
  [CatalogOid.accessMethod, 'access method'],
]);

/** The first change of each object of a catalog, by OID. */
function touched<Row extends { readonly oid: Oid }>(run: Run, catalog: Oid): Map<Oid, Lsn> {
  const found = new Map<Oid, Lsn>();
  for (const { lsn, row } of run.rowsOf<Row>(catalog)) if (!found.has(row.oid)) found.set(row.oid, lsn);
  return found;
}

/** Extensions come first: what belongs to one needs no statement of its own. */
export function extensionStatements(run: Run): void {
  for (const [oid, lsn] of touched<ExtensionRow>(run, CatalogOid.extension)) {
    const before = run.before.one(pgExtension, oid);
    const after = run.after.one(pgExtension, oid);
    const extension = after ?? before;
    if (!extension) continue;
    run.extensions.add(oid);
    const name = quoteIdentifier(extension.name);
    const subject = { kind: 'other', schema: '', name: extension.name } as const;
    if (!before && after)
      run.tell(
        Stage.extension,
        oid,
        { lsn, description: `creates extension ${after.name}`, subject: { ...subject, effect: 'create' } },
        () => {
          const schema = run.after.namespace(after.namespaceOid);
          const into = schema && after.relocatable ? ` SCHEMA ${quoteIdentifier(schema.name)}` : '';
          return {
            redo: `CREATE EXTENSION ${name}${into} VERSION ${quoteLiteral(after.version)}`,
            undo: `DROP EXTENSION ${name}`,
          };
        },
      );
    else if (before && !after)
      run.add(Stage.dropDependent, oid, {
        lsn,
        description: `drops extension ${before.name}`,
        subject: { ...subject, effect: 'drop' },
        redo: `DROP EXTENSION ${name}`,
      });
    else if (before && after && before.version !== after.version)
      run.add(Stage.extension, oid, {
        lsn,
        description: `updates extension ${after.name}`,
        redo: `ALTER EXTENSION ${name} UPDATE TO ${quoteLiteral(after.version)}`,
      });
    else
      run.add(Stage.other, oid, {
        lsn,
        description: `alters extension ${name}`,
        reason: 'what was altered is not reconstructed',
      });
  }
}

/** Adds every statement about schemas. */
export function schemaStatements(run: Run, renames: DdlRename[]): void {
  for (const [oid, lsn] of touched<NamespaceRow>(run, CatalogOid.namespace)) {
    const before = run.before.namespace(oid);
    const after = run.after.namespace(oid);
    if ((!before && !after) || run.isTemporary(oid) || run.isMember(CatalogOid.namespace, oid)) continue;
    const schema = (after ?? before)!;
    const name = quoteIdentifier(schema.name);
    const subject = { kind: 'schema', schema: schema.name, name: schema.name } as const;
    const owner = (rows: CatalogSnapshot, row: NamespaceRow): string => {
      const role = rows.role(row.ownerOid);
      if (!role) throw new CannotTellError(`role ${row.ownerOid} is not in the catalog`);
      return quoteIdentifier(role.name);
    };
    if (!before && after)
      run.tell(
        Stage.createSchema,
        oid,
        { lsn, description: `creates schema ${after.name}`, subject: { ...subject, effect: 'create' } },
        () => ({
          redo: `CREATE SCHEMA ${name}${after.ownerOid === BOOTSTRAP_SUPERUSER ? '' : ` AUTHORIZATION ${owner(run.after, after)}`}`,
          undo: `DROP SCHEMA ${name}`,
        }),
      );
    else if (before && !after)
      run.add(Stage.dropSchema, oid, {
        lsn,
        description: `drops schema ${before.name}`,
        subject: { ...subject, effect: 'drop' },
        redo: `DROP SCHEMA ${name}`,
        undo: `CREATE SCHEMA ${name}`,
      });
    else if (before && after) {
      if (before.name !== after.name)
        renames.push({
          space: 'schema',
          id: oid,
          lsn,
          word: 'SCHEMA',
          from: ['', before.name],
          to: ['', after.name],
        });
      if (before.ownerOid !== after.ownerOid)
        run.tell(Stage.option, oid, { lsn, description: `sets the owner of schema ${after.name}` }, () => ({
          redo: `ALTER SCHEMA ${name} OWNER TO ${owner(run.after, after)}`,
          undo: `ALTER SCHEMA ${name} OWNER TO ${owner(run.before, before)}`,
        }));
    }
    if ((before?.privileges ?? '') !== schema.privileges && after)
      run.add(Stage.other, oid, {
        lsn,
        description: `changes the privileges on schema ${schema.name}`,
        reason: 'who was granted what is not reconstructed',
      });
  }
}

const PROCEDURE_WORDS: Readonly<Record<string, string>> = {
  f: 'function',
  p: 'procedure',
  a: 'aggregate',
  w: 'function',
};

/** Functions, triggers, rules and the like. */
export function namedStatements(run: Run): void {
  for (const [oid, lsn] of touched<ProcedureRow>(run, CatalogOid.procedure))
    procedureStatement(run, oid, lsn);
  attachedStatements(run, CatalogOid.trigger, 'trigger');
  attachedStatements(run, CatalogOid.rewrite, 'rule');
  for (const [catalog, word] of NAMED) {
    const seen = new Set<string>();
    for (const { lsn, row } of run.rowsOf<NamedRow>(catalog)) {
      if (seen.has(row.name) || run.isMember(catalog, row.oid)) continue;
      seen.add(row.name);
      run.add(Stage.other, row.oid, {
        lsn,
        description: `changes ${word} ${row.name}`,
        reason: `a change of ${article(word)} is not reconstructed`,
      });
    }
  }
  for (const { lsn, row, removed } of run.rowsOf<CastRow>(CatalogOid.cast)) {
    const rows = removed ? run.before : run.after;
    // A range type makes one to its multirange.
    if (rows.isInternal(CatalogOid.cast, row.oid) || run.isMember(CatalogOid.cast, row.oid)) continue;
    run.add(Stage.other, row.oid, {
      lsn,
      description: 'changes a cast',
      reason: 'a change of a cast is not reconstructed',
    });
  }
}

function article(word: string): string {
  return `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;
}

function procedureStatement(run: Run, oid: Oid, lsn: Lsn): void {
  const before = run.before.procedure(oid);
  const after = run.after.procedure(oid);
  const procedure = after ?? before;
  if (!procedure || run.isTemporary(procedure.namespaceOid) || run.isMember(CatalogOid.procedure, oid))
    return;
  const rows = after ? run.after : run.before;
  // A range type makes constructors of its own name, and takes them along.
  if (rows.isInternal(CatalogOid.procedure, oid)) return;
  const word = PROCEDURE_WORDS[procedure.kind] ?? 'function';
  const signature = safeTypeName(
    rows.types.registeredName('regprocedure', oid) ?? quoteIdentifier(procedure.name),
  );
  const subject = { kind: 'other', schema: '', name: signature } as const;
  if (after) {
    run.add(Stage.other, oid, {
      lsn,
      description: `${before ? 'changes' : 'creates'} ${word} ${signature}`,
      reason: `the body of a ${word} is not reconstructed`,
      subject: { ...subject, effect: before ? 'alter' : 'create' },
    });
    return;
  }
  run.add(Stage.dropLate, oid, {
    lsn,
    description: `drops ${word} ${signature}`,
    redo: `DROP ${word.toUpperCase()} ${signature}`,
    subject: { ...subject, effect: 'drop' },
  });
}

/** Triggers and rules. */
function attachedStatements(run: Run, catalog: Oid, word: string): void {
  const spec = catalog === CatalogOid.trigger ? pgTrigger : pgRewrite;
  const relations = new Map<Oid, Lsn>();
  for (const { lsn, row } of run.rowsOf<AttachedRow>(catalog))
    if (!relations.has(row.relationOid)) relations.set(row.relationOid, lsn);
  for (const [oid, lsn] of relations) {
    const relation = run.after.relation(oid);
    // Those of a dropped table went with it; a view is its rule.
    if (!relation || run.isTemporary(relation.namespaceOid)) continue;
    const of = (rows: CatalogSnapshot) =>
      rows
        .all(spec, oid)
        .filter((each) => !each.internal && !(relation.kind !== 'r' && each.name === '_RETURN'));
    const [before, after] = [of(run.before), of(run.after)];
    const on = `on ${label(run.after, relation)}`;
    for (const each of after) {
      const was = before.find((other) => other.oid === each.oid);
      const changed = was === undefined || JSON.stringify(was) !== JSON.stringify(each);
      if (changed)
        run.add(Stage.other, each.oid, {
          lsn,
          description: `${was ? 'changes' : 'creates'} ${word} ${each.name} ${on}`,
          reason: `the definition of a ${word} is not reconstructed`,
        });
    }
    for (const each of before) {
      if (after.some((other) => other.oid === each.oid)) continue;
      run.tell(
        Stage.dropConstraint,
        each.oid,
        { lsn, description: `drops ${word} ${each.name} ${on}` },
        () => ({
          redo: `DROP ${word.toUpperCase()} ${quoteIdentifier(each.name)} ON ${relationName(run.before, oid)}`,
        }),
      );
    }
  }
}
