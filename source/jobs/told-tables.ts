/** Tables as one thread tells another of them: what rows are read by, and nothing that leads back to a catalog. */
import type { Oid, RelationDefinition, TypeDefinition, TypeLookup } from '../catalog/model.js';
import { RowDecoder } from '../rows/row-decoder.js';
import type { LocatedTable } from '../transactions/located-tables.js';
import { UndecodableValueError } from '../types/output.js';

/** A table's definition and all types that its columns are made of; what is not in the catalog has no definition. Structured-cloneable. */
export interface ToldTable {
  readonly tablespaceOid: Oid;
  readonly fileNode: number;
  readonly definition: RelationDefinition;
  readonly encoding: number;
  readonly majorVersion: number | undefined;
  readonly types: ReadonlyMap<Oid, TypeDefinition | undefined>;
}

export function tellTable({ tablespaceOid, fileNode, definition, types }: LocatedTable): ToldTable {
  const told = new Map<Oid, TypeDefinition | undefined>();
  const add = (oid: Oid): void => {
    if (oid === 0 || told.has(oid)) return;
    const type = types.type(oid);
    told.set(oid, type);
    if (!type) return;
    for (const part of [type.elementOid, type.baseOid, type.rangeOid]) add(part);
    for (const { typeOid } of type.attributes ?? []) add(typeOid);
  };
  for (const { typeOid } of definition.attributes) add(typeOid);
  const { encoding, majorVersion } = types;
  return { tablespaceOid, fileNode, definition, encoding, majorVersion, types: told };
}

/** Knows what was told. Whoever asks for more hears that the value cannot be put into text here. */
class ToldTypes implements TypeLookup {
  readonly encoding: number;
  readonly majorVersion: number | undefined;
  readonly #types: ToldTable['types'];

  constructor({ encoding, majorVersion, types }: ToldTable) {
    this.encoding = encoding;
    this.majorVersion = majorVersion;
    this.#types = types;
  }

  type(oid: Oid): TypeDefinition | undefined {
    if (!this.#types.has(oid)) throw new UndecodableValueError(`type ${oid} was not told`);
    return this.#types.get(oid);
  }

  registeredName(): never {
    throw new UndecodableValueError('names of the catalog were not told');
  }
}

/** The table that was told as the `number`th; undefined where more would have to be known of it. */
export function toldTable(told: ToldTable, number: number): LocatedTable | undefined {
  const { tablespaceOid, fileNode, definition } = told;
  const types = new ToldTypes(told);
  try {
    const decoder = new RowDecoder(definition, types, number);
    return { types, tablespaceOid, fileNode, definition, decoder, age: 0 };
  } catch (error) {
    if (error instanceof UndecodableValueError) return undefined;
    throw error;
  }
}
