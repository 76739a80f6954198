/** record_out: a row within a value, a heap tuple whose header says its type (access/htup_details.h, utils/adt/rowtypes.c). */
import { VARLENA_HEADER_SIZE } from '../bytes/varlena.js';
import type { AttributeDefinition, Oid } from '../catalog/model.js';
import { DatumCursor, type DatumLayout } from './datum-cursor.js';
import { type OutputContext, type OutputFactory, overPayload, UndecodableValueError } from './output.js';

/** Offsets within a HeapTupleHeaderData, less the varlena header (datum_len_). */
const TYPE_OID = 4;
const INFOMASK2 = 14;
const INFOMASK = 16;
const HEADER_SIZE = 18;
const NULL_BITMAP = 19;

/** HEAP_NATTS_MASK and HEAP_HASNULL. */
const ATTRIBUTE_COUNT_MASK = 0x07ff;
const HAS_NULLS = 0x0001;

/** What a field must be quoted for; of spaces only C's. */
const SPECIAL = /["\\(), \t\n\v\f\r]/;

interface Field extends DatumLayout {
  readonly attribute: AttributeDefinition;
}

/** record_out. The row type is the one the row itself names. */
export const recordOutput: OutputFactory = (context) => {
  const fieldsByType = new Map<Oid, readonly Field[]>();
  return overPayload((data) => {
    const typeOid = data.readUInt32LE(TYPE_OID);
    let fields = fieldsByType.get(typeOid);
    if (!fields) {
      fields = fieldsOf(typeOid, context);
      fieldsByType.set(typeOid, fields);
    }
    return formatRecord(data, fields);
  });
};

function fieldsOf(typeOid: Oid, context: OutputContext): Field[] {
  const attributes = context.lookup.type(typeOid)?.attributes;
  if (!attributes) throw new UndecodableValueError(`the row type ${typeOid} is not known`);
  return attributes.map((attribute) => ({
    attribute,
    length: attribute.length,
    alignment: attribute.alignment,
    // A dropped field's type may be gone; its bytes are only passed over.
    output: attribute.dropped ? () => '' : context.outputOf(attribute.typeOid),
  }));
}

function formatRecord(data: Buffer, fields: readonly Field[]): string {
  const stored = data.readUInt16LE(INFOMASK2) & ATTRIBUTE_COUNT_MASK;
  const hasNulls = (data.readUInt16LE(INFOMASK) & HAS_NULLS) !== 0;
  if (stored > fields.length)
    throw new UndecodableValueError(`the row has ${stored} fields where its type has ${fields.length}`);
  const cursor = new DatumCursor(data, data.readUInt8(HEADER_SIZE) - VARLENA_HEADER_SIZE);
  const texts: string[] = [];
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index];
    let text: string | undefined;
    if (index >= stored) text = missingText(field);
    else if (!hasNulls || (data.readUInt8(NULL_BITMAP + (index >> 3)) & (1 << (index & 7))) !== 0)
      text = cursor.read(field);
    if (!field.attribute.dropped) texts.push(text === undefined ? '' : quoteField(text));
  }
  return `(${texts.join(',')})`;
}

/** A field added to the type after this row was made: its default as of then, or null. */
function missingText(field: Field): string | undefined {
  const { missingValue } = field.attribute;
  if (!missingValue) return undefined;
  const bytes = Buffer.from(missingValue.buffer, missingValue.byteOffset, missingValue.byteLength);
  return new DatumCursor(bytes, 0, 0).read(field);
}

function quoteField(text: string): string {
  return text !== '' && !SPECIAL.test(text) ? text : `"${text.replace(/["\\]/g, '$&$&')}"`;
}
