/** Who owns a large object and who else may use it, as GRANT and REVOKE say it. */
import { quoteIdentifier } from '../bytes/identifiers.js';

/** An object's owner (as regrole prints it) and its privileges (aclitem[] as text, null for the owner's alone). */
export interface LargeObject {
  readonly loid: string;
  readonly owner: string;
  readonly privileges: string | null;
}

/** A name as the server prints it, quoted or not, taken out of its quotes. */
function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** A role's name for SQL; undefined when the catalog had none and regrole printed its OID. */
export function roleIdentifier(role: string): string | undefined {
  return /^[0-9-]+$/.test(role) ? undefined : quoteIdentifier(unquoted(role));
}

/** The elements of a one-dimensional array's text (array_out): quoted with backslash escapes, or bare. */
function arrayElements(text: string): string[] {
  const elements = text.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|[^,]+/gs);
  return [...elements].map(([bare, quoted]) =>
    quoted === undefined ? bare : quoted.replace(/\\(.)/gs, '$1'),
  );
}

/** `grantee=letters/grantor` (aclitemout): letters by grantee, '' for PUBLIC; what several grantors gave is put together. */
function lettersByGrantee({ owner, privileges }: LargeObject): Map<string, string> {
  // acldefault(): the owner may read and write.
  if (privileges === null) return new Map([[unquoted(owner), 'rw']]);
  const letters = new Map<string, string>();
  for (const item of arrayElements(privileges)) {
    const match = /^("(?:[^"]|"")*"|[^=]*)=([a-zA-Z*]*)\//.exec(item);
    if (!match) continue;
    const grantee = unquoted(match[1]);
    letters.set(grantee, (letters.get(grantee) ?? '') + match[2]);
  }
  return letters;
}

/** ACL_SELECT and ACL_UPDATE, the only privileges large objects have. */
const PRIVILEGES = [
  ['r', 'SELECT'],
  ['w', 'UPDATE'],
] as const;

/** The statements that bring an object's privileges from one state to another; a new owner is taken as set already. */
export function privilegeStatements(from: LargeObject, to: LargeObject): string[] {
  const before = lettersByGrantee(from);
  const after = lettersByGrantee(to);
  if (from.owner !== to.owner) {
    // ALTER … OWNER TO hands the old owner's privileges to the new one (aclnewowner()).
    const own = before.get(unquoted(from.owner));
    before.delete(unquoted(from.owner));
    if (own !== undefined) before.set(unquoted(to.owner), own);
  }
  const statements: string[] = [];
  for (const grantee of new Set([...before.keys(), ...after.keys()])) {
    const had = before.get(grantee) ?? '';
    const has = after.get(grantee) ?? '';
    if (had === has) continue;
    const role = grantee === '' ? 'PUBLIC' : quoteIdentifier(grantee);
    if (had !== '') statements.push(`REVOKE ALL PRIVILEGES ON LARGE OBJECT ${to.loid} FROM ${role}`);
    for (const grantable of [false, true]) {
      const given = PRIVILEGES.filter(
        ([letter]) => has.includes(letter) && has.includes(`${letter}*`) === grantable,
      ).map(([, name]) => name);
      if (given.length === 0) continue;
      const option = grantable ? ' WITH GRANT OPTION' : '';
      statements.push(`GRANT ${given.join(', ')} ON LARGE OBJECT ${to.loid} TO ${role}${option}`);
    }
  }
  return statements;
}
