/** A type that was there before and is there after, altered: its name, labels, attributes, constraints. */

import { quoteIdentifier } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { ConstraintRow } from '../catalog/tables/constraints.js';
import type { TypeRow } from '../catalog/tables/types.js';
import type { DdlSubject } from '../rows/row-change.js';
import { columnType } from './columns.js';
import { constraintText } from './constraint-text.js';
import { label, schemaOf } from './object-names.js';
import { type Run, Stage } from './run.js';
import type { DdlRename } from './touched-relation.js';
import { domainConstraints, domainDefault, labels, typeName } from './type-text.js';

/** What is made, dropped or altered, for looking it up elsewhere. */
export function subject(rows: CatalogSnapshot, type: TypeRow, effect: DdlSubject['effect']): DdlSubject {
  return { effect, kind: 'type', schema: rows.namespace(type.namespaceOid)?.name ?? '?', name: type.name };
}

/** What statements call it. */
export function word(type: TypeRow): string {
  return type.kind === 'd' ? 'DOMAIN' : 'TYPE';
}

/** Tells of all that differs between a type as it was and as it is. */
export function alterType(run: Run, before: TypeRow, after: TypeRow, lsn: Lsn, renames: DdlRename[]): void {
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
