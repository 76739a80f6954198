/** From a tuple's bytes to a row's text, for one version of one table. */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import {
  decompressVarlena,
  inlineVarlenaData,
  readToastPointer,
  type ToastPointer,
} from '../bytes/varlena.js';
import type { RelationDefinition, TypeLookup } from '../catalog/model.js';
import {
  AttributeForm,
  createDeformedTuple,
  type DeformedTuple,
  deformLoggedTuple,
  type HeaderlessTuple,
} from '../heap/deform.js';
import { Infomask, TUPLE_HEADER_SIZE } from '../heap/tuple.js';
import { type AppendFunction, appendFunction } from '../types/appenders.js';
import { type OutputFunction, outputFunction, UndecodableValueError } from '../types/registry.js';
import type { ColumnValue, Table, UnknownValue } from './row-change.js';
import { NULL_VALUE, type RowPlaces } from './row-places.js';
import { HIDDEN_OID, rootOfPartition, tableOfRelation } from './table.js';

/** Fetches a TOASTed value, decompressed; undefined when it is nowhere to be found. Throws CorruptDatumError when what is found is broken. */
export type ToastFetch = (pointer: ToastPointer) => Buffer | undefined;

/** The two forms of a type's output function. */
export interface ColumnTexts {
  readonly output: OutputFunction;
  readonly append: AppendFunction;
}

const UNCHANGED: UnknownValue = { unknown: 'unchanged' };
const VIRTUAL: UnknownValue = {
  unknown: 'not-logged',
  reason: 'a virtual generated column is computed when it is read',
};

export class RowDecoder {
  readonly table: Table;
  readonly types: TypeLookup;
  /** The root of the tree that the table is a partition in. */
  readonly root: RelationDefinition | undefined;
  readonly #relation: RelationDefinition;
  readonly #attributeOfColumn: readonly number[];
  /** By column. Undefined where the type has no known text form; the reason is beside it. */
  readonly #texts: (ColumnTexts | undefined)[] = [];
  readonly #reasons: string[] = [];
  readonly #deformed: DeformedTuple;
  /** Where the hidden oid of the tuple being read lies; -1 when it has none. Deforming has checked that there is room for it. */
  #oidAt = -1;

  /** `id` is the number of this definition within the opened cluster. */
  constructor(relation: RelationDefinition, types: TypeLookup, id: number, root?: RelationDefinition) {
    const { table, attributeOfColumn } = tableOfRelation(relation, types, id);
    const rootTable = root && rootOfPartition(table, tableOfRelation(root, types, id).table);
    this.table = rootTable ? { ...table, root: rootTable } : table;
    this.root = root;
    this.types = types;
    this.#relation = relation;
    this.#attributeOfColumn = attributeOfColumn;
    this.#deformed = createDeformedTuple(relation.attributes.length);
    for (const column of table.columns) {
      try {
        if (!types.type(column.typeOid))
          throw new UndecodableValueError(`type ${column.typeOid} is not in the catalog`);
        this.#texts.push({
          output: outputFunction(column.typeOid, types),
          append: appendFunction(column.typeOid, types),
        });
        this.#reasons.push('');
      } catch (error) {
        if (!(error instanceof UndecodableValueError)) throw error;
        this.#texts.push(undefined);
        this.#reasons.push(error.message);
      }
    }
  }

  /** How a column's values become text. Where they do not, both functions throw why. */
  textsOf(column: number): ColumnTexts {
    const known = this.#texts[column];
    if (known) return known;
    const fail = () => {
      throw new UndecodableValueError(this.#reasons[column]);
    };
    return { output: fail, append: fail };
  }

  /**
   * The row in a tuple, of whose fixed header three fields are at hand, and whose other bytes are in `buffer`. A value that cannot be put
   * into text is an UnknownValue; a tuple that does not fit the table throws MalformedTupleError.
   */
  decodeLogged(buffer: Buffer, logged: HeaderlessTuple, fetch: ToastFetch): ColumnValue[] {
    deformLoggedTuple(this.#relation.attributes, buffer, logged, this.#deformed);
    const dataStart = logged.data + logged.hoff - TUPLE_HEADER_SIZE;
    this.#oidAt = hasOid(logged.infomask) ? dataStart - OID_SIZE : -1;
    return this.#values(buffer, fetch);
  }

  /**
   * Where the values of the row in a tuple lie. False when one of them has no bytes to be found, or no text: then decodeLogged() says why.
   * Throws what that throws.
   */
  locateLogged(buffer: Buffer, logged: HeaderlessTuple, fetch: ToastFetch, into: RowPlaces): boolean {
    deformLoggedTuple(this.#relation.attributes, buffer, logged, this.#deformed);
    return this.#places(buffer, fetch, into);
  }

  #places(bytes: Buffer, fetch: ToastFetch, into: RowPlaces): boolean {
    const { forms, offsets, lengths } = this.#deformed;
    const { starts, ends } = into;
    const positions = this.#attributeOfColumn;
    into.bytes = bytes;
    into.hasApart = false;
    for (let column = 0; column < starts.length; column++) {
      const position = positions[column];
      if (position === HIDDEN_OID) return false;
      const start = offsets[position];
      ends[column] = start + lengths[position];
      switch (forms[position]) {
        case AttributeForm.fixed:
        case AttributeForm.cString:
          starts[column] = start;
          break;
        case AttributeForm.shortVarlena:
          starts[column] = start + 1;
          break;
        case AttributeForm.longVarlena:
          starts[column] = start + 4;
          break;
        case AttributeForm.null:
          starts[column] = NULL_VALUE;
          continue;
        default:
          if (!this.#placeApart(bytes, column, fetch, into)) return false;
          continue;
      }
      if (this.#texts[column] === undefined) return false;
    }
    return true;
  }

  /** A value that does not lie in the tuple as it is. */
  #placeApart(bytes: Buffer, column: number, fetch: ToastFetch, into: RowPlaces): boolean {
    const position = this.#attributeOfColumn[column];
    const { missingValue, length, generated } = this.#relation.attributes[position];
    const form = this.#deformed.forms[position];
    if (form === AttributeForm.missing && (missingValue === undefined || generated === 'v')) {
      into.starts[column] = NULL_VALUE;
      return true;
    }
    if (this.#texts[column] === undefined) return false;
    const start = this.#deformed.offsets[position];
    let data: Buffer | undefined;
    if (form === AttributeForm.compressed)
      data = decompressVarlena(bytes, start + 4, start + this.#deformed.lengths[position]);
    else if (form === AttributeForm.external) data = fetch(readToastPointer(bytes, start));
    else {
      data = Buffer.from(missingValue as Uint8Array);
      if (length === -1) data = inlineVarlenaData(data, 0, data.length);
    }
    if (data === undefined) return false;
    if (!into.hasApart) into.apart.fill(undefined);
    into.hasApart = true;
    into.apart[column] = data;
    into.starts[column] = 0;
    into.ends[column] = data.length;
    return true;
  }

  #values(bytes: Buffer, fetch: ToastFetch): ColumnValue[] {
    const count = this.table.columns.length;
    const row: ColumnValue[] = [];
    for (let column = 0; column < count; column++) row.push(this.#value(bytes, column, fetch));
    return row;
  }

  /** HeapTupleHeaderGetOid(): until 11 the last four bytes of the header hold the row's oid, when HEAP_HASOID says so. */
  #hiddenOid(bytes: Buffer): ColumnValue {
    if (this.#oidAt < 0) return { unknown: 'undecodable', reason: 'the tuple carries no oid' };
    return String(bytes.readUInt32LE(this.#oidAt));
  }

  #value(tuple: Buffer, column: number, fetch: ToastFetch): ColumnValue {
    const position = this.#attributeOfColumn[column];
    if (position === HIDDEN_OID) return this.#hiddenOid(tuple);
    const form = this.#deformed.forms[position];
    const attribute = this.#relation.attributes[position];
    if (attribute.generated === 'v') return VIRTUAL;
    if (form === AttributeForm.null) return null;
    if (form === AttributeForm.missing && attribute.missingValue === undefined) return null;
    const output = this.#texts[column]?.output;
    if (output === undefined) return { unknown: 'undecodable', reason: this.#reasons[column] };
    const start = this.#deformed.offsets[position];
    const end = start + this.#deformed.lengths[position];
    try {
      switch (form) {
        case AttributeForm.fixed:
        case AttributeForm.cString:
          return output(tuple, start, end);
        case AttributeForm.shortVarlena:
          return output(tuple, start + 1, end);
        case AttributeForm.longVarlena:
          return output(tuple, start + 4, end);
        case AttributeForm.compressed: {
          const data = decompressVarlena(tuple, start + 4, end);
          return output(data, 0, data.length);
        }
        case AttributeForm.external: {
          const data = fetch(readToastPointer(tuple, start));
          return data === undefined ? UNCHANGED : output(data, 0, data.length);
        }
        default: {
          const missing = Buffer.from(attribute.missingValue as Uint8Array);
          if (attribute.length !== -1) return output(missing, 0, missing.length);
          const data = inlineVarlenaData(missing, 0, missing.length);
          return output(data, 0, data.length);
        }
      }
    } catch (error) {
      if (error instanceof UndecodableValueError || error instanceof CorruptDatumError) {
        return { unknown: 'undecodable', reason: error.message };
      }
      throw error;
    }
  }
}

/** Is it the value's own fault that it has no text? */
export function isOfTheValue(error: unknown): boolean {
  return (
    error instanceof UndecodableValueError ||
    error instanceof CorruptDatumError ||
    error instanceof RangeError
  );
}

/** sizeof(Oid). */
const OID_SIZE = 4;

function hasOid(infomask: number): boolean {
  return (infomask & Infomask.hasOid) !== 0;
}

/** Row decoders by definition: the same while the catalog says the same. */
export class RowDecoders {
  readonly #decoders = new WeakMap<RelationDefinition, RowDecoder>();
  #count = 0;

  /** The decoder for rows of `relation`, with the types of that moment; `root`: of which tree it is a partition then. */
  for(relation: RelationDefinition, types: TypeLookup, root?: RelationDefinition): RowDecoder {
    const known = this.#decoders.get(relation);
    if (known && known.types === types && known.root === root) return known;
    const decoder = new RowDecoder(relation, types, ++this.#count, root);
    this.#decoders.set(relation, decoder);
    return decoder;
  }
}
