/** Values that stand for a name in the catalog: enum labels, the reg* types, access privileges. */
import type { TypeDefinition, TypeLookup } from '../catalog/model.js';
import {
  type OutputContext,
  type OutputFactory,
  type OutputFunction,
  requireLength,
  UndecodableValueError,
} from './output.js';

/** enum_out: the label of a pg_enum row's OID. */
export function enumOutput(type: TypeDefinition): OutputFunction {
  return (bytes, start, end) => {
    requireLength(bytes, start, end, 4);
    const oid = bytes.readUInt32LE(start);
    const label = type.enumLabels?.get(oid);
    if (label === undefined)
      throw new UndecodableValueError(`${type.schema}.${type.name} has no label with OID ${oid}`);
    return label;
  };
}

type RegisteredKind = Parameters<NonNullable<TypeLookup['registeredName']>>[0];

/** These print InvalidOid as a number; all others as a hyphen. */
const ZERO_IS_A_NUMBER: ReadonlySet<RegisteredKind> = new Set(['regoper', 'regoperator']);

/** regclassout and its siblings: the name when the catalog knows it, else the OID, which reads back as the same value. */
export function registeredOutput(kind: RegisteredKind): OutputFactory {
  return ({ lookup }) =>
    (bytes, start, end) => {
      requireLength(bytes, start, end, 4);
      const oid = bytes.readUInt32LE(start);
      if (oid === 0) return ZERO_IS_A_NUMBER.has(kind) ? '0' : '-';
      return lookup.registeredName?.(kind, oid) ?? String(oid);
    };
}

/** ACL_ALL_RIGHTS_STR: privileges by bit, the lowest first. */
const PRIVILEGES = 'arwdDxtXUCTcsAm';

/** aclitemout. Privileges, and above them the grant options, take 16 bits each until 15, 32 bits each from 16 on. */
export const aclitemOutput: OutputFactory = (context) => (bytes, start, end) => {
  const wide = end - start === 16;
  if (!wide) requireLength(bytes, start, end, 12);
  const privileges = wide ? bytes.readUInt32LE(start + 8) : bytes.readUInt16LE(start + 8);
  const grantable = wide ? bytes.readUInt32LE(start + 12) : bytes.readUInt16LE(start + 10);
  if ((privileges | grantable) >>> PRIVILEGES.length !== 0)
    throw new UndecodableValueError('the aclitem holds a privilege that is not known');
  let letters = '';
  for (let bit = 0; bit < PRIVILEGES.length; bit++) {
    if (((privileges >> bit) & 1) === 0) continue;
    letters += PRIVILEGES[bit] + (((grantable >> bit) & 1) === 1 ? '*' : '');
  }
  const grantee = bytes.readUInt32LE(start);
  const grantor = bytes.readUInt32LE(start + 4);
  return `${grantee === 0 ? '' : roleName(grantee, context)}=${letters}/${roleName(grantor, context)}`;
};

/** A role as putid writes it: in quotes unless it is letters, digits and underscores only. */
function roleName(oid: number, { lookup }: OutputContext): string {
  const identifier = lookup.registeredName?.('regrole', oid);
  if (identifier === undefined) throw new UndecodableValueError(`the name of role ${oid} is not known`);
  const name = identifier.startsWith('"') ? identifier.slice(1, -1).replace(/""/g, '"') : identifier;
  if (/[^\u0001-\u007f]/.test(name))
    throw new UndecodableValueError('servers differ in how an aclitem writes a role name that is not ASCII');
  return /^[A-Za-z0-9_]*$/.test(name) ? name : `"${name.replace(/"/g, '""')}"`;
}
