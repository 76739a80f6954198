/** Types: enums, composite types, domains and ranges made, dropped, renamed and altered. */

import { qualifiedName, quoteIdentifier } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import { CatalogOid, FIRST_NORMAL_OID } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import { CONSTRAINT_BY_DOMAIN, type ConstraintRow, pgConstraint } from '../catalog/tables/constraints.js';
import { pgOperatorClass } from '../catalog/tables/indexes.js';
import type { ClassRow } from '../catalog/tables/relations.js';
import type { EnumRow, RangeRow, TypeRow } from '../catalog/tables/types.js';
import { columnType } from './columns.js';
import { constraintText } from './definition-text.js';
import { Expressions } from './expressions.js';
import { CannotTellError, reasonOf } from './node-tree.js';
import { type DdlSubject, type Run, Stage } from './run.js';
import { type DdlRename, schemaOf } from './tables.js';

function typeName(rows: CatalogSnapshot, type: TypeRow): string {
  return qualifiedName(schemaOf(rows, type.namespaceOid), type.name);
}

function label(rows: CatalogSnapshot, type: TypeRow): string {
  return `${rows.namespace(type.namespaceOid)?.name ?? '?'}.${type.name}`;
}

function subject(rows: CatalogSnapshot, type: TypeRow, effect: DdlSubject['effect']): DdlSubject {
  return { effect, kind: 'type', schema: rows.namespace(type.namespaceOid)?.name ?? '?', name: type.name };
}

/** Row types of tables, arrays and multiranges come and go with what they belong to. */
function standsAlone(rows: CatalogSnapshot, type: TypeRow): boolean {
  if (type.kind === 'm') return false;
  if (type.kind === 'c') return rows.relation(type.relationOid)?.kind === 'c';
  return !(
    type.category === 'A' &&
    type.elementOid !== 0 &&
    rows.type(type.elementOid)?.arrayOid === type.oid
  );
}

function labels(rows: CatalogSnapshot, oid: Oid): EnumRow[] {
  return [...rows.enumLabels(oid)].sort((a, b) => a.order - b.order);
}

function touchedTypes(run: Run): Map<Oid, Lsn> {
  const touched = new Map<Oid, Lsn>();
  const touch = (oid: Oid, lsn: Lsn): void => {
    if (oid >= FIRST_NORMAL_OID && !touched.has(oid)) touched.set(oid, lsn);
  };
  for (const { lsn, row } of run.rowsOf<TypeRow>(CatalogOid.type)) touch(row.oid, lsn);
  for (const { lsn, row } of run.rowsOf<EnumRow>(CatalogOid.enum)) touch(row.typeOid, lsn);
  for (const { lsn, row } of run.rowsOf<RangeRow>(CatalogOid.range)) touch(row.rangeOid, lsn);
  for (const { lsn, row } of run.rowsOf<ConstraintRow>(CatalogOid.constraint)) touch(row.typeOid, lsn);
  const ofRelation = (oid: Oid, lsn: Lsn): void => {
    for (const rows of [run.after, run.before]) {
      const relation = rows.relation(oid);
      if (relation?.kind === 'c') touch(relation.typeOid, lsn);
    }
  };
  for (const { lsn, row } of run.rowsOf<AttributeRow>(CatalogOid.attribute)) ofRelation(row.relationOid, lsn);
  for (const { lsn, row } of run.rowsOf<ClassRow>(CatalogOid.class)) ofRelation(row.oid, lsn);
  return touched;
}

/** Adds every statement about types that a run touched. */
export function typeStatements(run: Run, renames: DdlRename[]): void {
  for (const [oid, lsn] of touchedTypes(run)) {
    const before = run.before.type(oid);
    const after = run.after.type(oid);
    const type = after ?? before;
    if (!type || run.isTemporary(type.namespaceOid) || run.isMember(CatalogOid.type, oid)) continue;
    const rows = after ? run.after : run.before;
    if (!standsAlone(rows, type)) continue;
    if (before && after) alterType(run, before, after, lsn, renames);
    else if (after)
      run.tell(
        Stage.type,
        oid,
        { lsn, description: `creates type ${label(rows, after)}`, subject: subject(rows, after, 'create') },
        () => ({ redo: createType(rows, after), undo: `DROP ${word(after)} ${typeName(rows, after)}` }),
      );
    else if (before) dropType(run, before, lsn);
  }
}

function word(type: TypeRow): string {
  return type.kind === 'd' ? 'DOMAIN' : 'TYPE';
}

/** A dropped type goes late, when no column has it any more: unless its name is wanted again before. */
function dropType(run: Run, before: TypeRow, lsn: Lsn): void {
  run.tell(
    Stage.dropLate,
    before.oid,
    {
      lsn,
      description: `drops type ${label(run.before, before)}`,
      subject: subject(run.before, before, 'drop'),
    },
    () => {
      let undo: string | undefined;
      try {
        undo = createType(run.before, before);
      } catch (error) {
        reasonOf(error);
      }
      return { redo: `DROP ${word(before)} ${typeName(run.before, before)}`, undo };
    },
  );
}

function createType(rows: CatalogSnapshot, type: TypeRow): string {
  const name = typeName(rows, type);
  switch (type.kind) {
    case 'e':
      return `CREATE TYPE ${name} AS ENUM (${labels(rows, type.oid)
        .map((each) => quoteLiteral(each.label))
        .join(', ')})`;
    case 'c': {
      const columns = rows.attributes(type.relationOid).filter((each) => !each.dropped);
      return `CREATE TYPE ${name} AS (${columns.map((each) => `${quoteIdentifier(each.name)} ${columnType(rows, each)}`).join(', ')})`;
    }
    case 'd':
      return `CREATE DOMAIN ${name} AS ${domainBody(rows, type)}`;
    case 'r':
      return `CREATE TYPE ${name} AS RANGE (${rangeBody(rows, type)})`;
    default:
      throw new CannotTellError('a base type is made of functions that the catalog rows do not hold');
  }
}

function domainBody(rows: CatalogSnapshot, type: TypeRow): string {
  const expressions = new Expressions(rows);
  let text = expressions.typeName(type.baseOid, type.baseTypmod);
  const base = rows.type(type.baseOid);
  if (type.collationOid !== 0 && type.collationOid !== base?.collationOid)
    text += ` COLLATE ${expressions.collationName(type.collationOid)}`;
  const value = domainDefault(rows, type);
  if (value !== undefined) text += ` DEFAULT ${value}`;
  const constraints = domainConstraints(rows, type.oid);
  if (type.notNull && !constraints.some((each) => each.kind === 'n')) text += ' NOT NULL';
  for (const each of constraints)
    text += ` CONSTRAINT ${quoteIdentifier(each.name)} ${constraintText(rows, each)}`;
  return text;
}

function domainDefault(rows: CatalogSnapshot, type: TypeRow): string | undefined {
  return type.defaultExpression === undefined
    ? undefined
    : new Expressions(rows).text(type.defaultExpression);
}

function domainConstraints(rows: CatalogSnapshot, oid: Oid): ConstraintRow[] {
  return rows.all(pgConstraint, oid, CONSTRAINT_BY_DOMAIN).sort((a, b) => a.oid - b.oid);
}

function rangeBody(rows: CatalogSnapshot, type: TypeRow): string {
  const range = rows.range(type.oid);
  const subtype = range && rows.type(range.subtypeOid);
  if (!range || !subtype) throw new CannotTellError('its subtype is not in the catalog');
  const expressions = new Expressions(rows);
  const parts = [`SUBTYPE = ${expressions.typeName(range.subtypeOid)}`];
  const operators = rows.one(pgOperatorClass, range.operatorClassOid);
  if (operators && !operators.isDefault)
    parts.push(`SUBTYPE_OPCLASS = ${qualifiedName(schemaOf(rows, operators.namespaceOid), operators.name)}`);
  if (range.collationOid !== 0 && range.collationOid !== subtype.collationOid)
    parts.push(`COLLATION = ${expressions.collationName(range.collationOid)}`);
  if (range.differenceProcedure !== 0)
    parts.push(`SUBTYPE_DIFF = ${expressions.functionName(range.differenceProcedure)}`);
  if (range.canonicalProcedure !== 0)
    throw new CannotTellError('its canonical function needs the type to be there first');
  const multirange = range.multirangeOid === 0 ? undefined : rows.type(range.multirangeOid);
  if (multirange) parts.push(`MULTIRANGE_TYPE_NAME = ${typeName(rows, multirange)}`);
  return parts.join(', ');
}

function alterType(run: Run, before: TypeRow, after: TypeRow, lsn: Lsn, renames: DdlRename[]): void {
  const from = [schemaOf(run.before, before.namespaceOid), before.name] as const;
  const moved = before.namespaceOid !== after.namespaceOid;
  const to = [moved ? schemaOf(run.after, after.namespaceOid) : from[0], after.name] as const;
  if (moved || before.name !== after.name)
    renames.push({ space: 'type', id: after.oid, lsn, word: word(after), from, to });
  const name = () => typeName(run.after, after);
  const about = (what: string) => ({
    lsn,
    description: `${what} type ${label(run.after, after)}`,
    subject: subject(run.after, after, 'alter'),
  });
  if (after.kind === 'e') alterEnum(run, after, about, name);
  if (after.kind === 'c') alterComposite(run, after, about, name);
  if (after.kind === 'd') alterDomain(run, before, after, about, name);
  if (before.privileges !== after.privileges || before.ownerOid !== after.ownerOid)
    run.add(Stage.other, after.oid, {
      ...about('changes the owner or the privileges of'),
      reason: 'who was granted what is not reconstructed',
    });
}

type About = (what: string) => Pick<Parameters<Run['tell']>[2], 'lsn' | 'description' | 'subject'>;

function alterEnum(run: Run, after: TypeRow, about: About, name: () => string): void {
  const old = new Map(run.before.enumLabels(after.oid).map((each) => [each.oid, each]));
  const now = labels(run.after, after.oid);
  for (const each of now) {
    const was = old.get(each.oid);
    if (was && was.label !== each.label)
      run.tell(Stage.type, after.oid, about(`renames a value of`), () => ({
        redo: `ALTER TYPE ${name()} RENAME VALUE ${quoteLiteral(was.label)} TO ${quoteLiteral(each.label)}`,
        undo: `ALTER TYPE ${name()} RENAME VALUE ${quoteLiteral(each.label)} TO ${quoteLiteral(was.label)}`,
      }));
  }
  for (const [position, each] of now.entries()) {
    if (old.has(each.oid)) continue;
    const previous = now[position - 1];
    // Behind one that is there by then, or before the first that was.
    const next = now.slice(position + 1).find((other) => old.has(other.oid));
    let place = '';
    if (next)
      place = previous ? ` AFTER ${quoteLiteral(previous.label)}` : ` BEFORE ${quoteLiteral(next.label)}`;
    run.tell(Stage.type, after.oid, about(`adds value ${each.label} to`), () => ({
      redo: `ALTER TYPE ${name()} ADD VALUE ${quoteLiteral(each.label)}${place}`,
      // Since 12 it may stand within a transaction block.
      alone: run.after.majorVersion < 12,
      note: 'a value of an enum cannot be taken back',
    }));
  }
}

function alterComposite(run: Run, after: TypeRow, about: About, name: () => string): void {
  const old = new Map(run.before.attributes(after.relationOid).map((each) => [each.number, each]));
  const clause = (what: string, redo: () => string, undo?: () => string): void =>
    run.tell(Stage.type, after.oid, about(what), () => ({
      redo: `ALTER TYPE ${name()} ${redo()}`,
      ...(undo && { undo: `ALTER TYPE ${name()} ${undo()}` }),
    }));
  for (const now of run.after.attributes(after.relationOid)) {
    const was = old.get(now.number);
    const attribute = quoteIdentifier(now.name);
    if (!was && !now.dropped)
      clause(
        `adds attribute ${now.name} to`,
        () => `ADD ATTRIBUTE ${attribute} ${columnType(run.after, now)}`,
        () => `DROP ATTRIBUTE ${attribute}`,
      );
    else if (was && !was.dropped && now.dropped)
      clause(`drops attribute ${was.name} of`, () => `DROP ATTRIBUTE ${quoteIdentifier(was.name)}`);
    else if (was && !now.dropped) {
      if (was.name !== now.name)
        clause(
          `renames attribute ${was.name} of`,
          () => `RENAME ATTRIBUTE ${quoteIdentifier(was.name)} TO ${attribute}`,
          () => `RENAME ATTRIBUTE ${attribute} TO ${quoteIdentifier(was.name)}`,
        );
      if (was.typeOid !== now.typeOid || was.typmod !== now.typmod)
        clause(
          `alters attribute ${now.name} of`,
          () => `ALTER ATTRIBUTE ${attribute} TYPE ${columnType(run.after, now)}`,
        );
    }
  }
}

function alterDomain(run: Run, before: TypeRow, after: TypeRow, about: About, name: () => string): void {
  const clause = (redo: () => string, undo: () => string): void =>
    run.tell(Stage.type, after.oid, about('alters'), () => ({
      redo: `ALTER DOMAIN ${name()} ${redo()}`,
      undo: `ALTER DOMAIN ${name()} ${undo()}`,
    }));
  if (before.defaultExpression !== after.defaultExpression) {
    const set = (rows: CatalogSnapshot, type: TypeRow) => {
      const value = domainDefault(rows, type);
      return value === undefined ? 'DROP DEFAULT' : `SET DEFAULT ${value}`;
    };
    clause(
      () => set(run.after, after),
      () => set(run.before, before),
    );
  }
  if (before.notNull !== after.notNull) {
    const set = (on: boolean) => `${on ? 'SET' : 'DROP'} NOT NULL`;
    clause(
      () => set(after.notNull),
      () => set(before.notNull),
    );
  }
  const old = domainConstraints(run.before, before.oid).filter((each) => each.kind === 'c');
  const now = domainConstraints(run.after, after.oid).filter((each) => each.kind === 'c');
  const add = (rows: CatalogSnapshot, each: ConstraintRow) =>
    `ADD CONSTRAINT ${quoteIdentifier(each.name)} ${constraintText(rows, each)}`;
  const drop = (each: ConstraintRow) => `DROP CONSTRAINT ${quoteIdentifier(each.name)}`;
  for (const each of old)
    if (!now.some((other) => other.oid === each.oid))
      clause(
        () => drop(each),
        () => add(run.before, each),
      );
  for (const each of now) {
    const was = old.find((other) => other.oid === each.oid);
    if (!was)
      clause(
        () => add(run.after, each),
        () => drop(each),
      );
    else if (was.name !== each.name)
      clause(
        () => `RENAME CONSTRAINT ${quoteIdentifier(was.name)} TO ${quoteIdentifier(each.name)}`,
        () => `RENAME CONSTRAINT ${quoteIdentifier(each.name)} TO ${quoteIdentifier(was.name)}`,
      );
    else if (!was.validated && each.validated)
      run.tell(Stage.type, after.oid, about('alters'), () => ({
        redo: `ALTER DOMAIN ${name()} VALIDATE CONSTRAINT ${quoteIdentifier(each.name)}`,
      }));
  }
}
