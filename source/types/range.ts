/** range_out and multirange_out (utils/rangetypes.h, multirangetypes.h; 14 for multiranges). */
import { alignOffset, VARLENA_HEADER_SIZE } from '../bytes/varlena.js';
import type { Oid, TypeDefinition } from '../catalog/model.js';
import { DatumCursor, type DatumLayout } from './datum-cursor.js';
import { type OutputContext, type OutputFactory, overPayload, UndecodableValueError } from './output.js';

/** RANGE_EMPTY and its siblings, the flags byte of a range. */
const EMPTY = 0x01;
const LOWER_INCLUSIVE = 0x02;
const UPPER_INCLUSIVE = 0x04;
const LOWER_INFINITE = 0x08;
const UPPER_INFINITE = 0x10;
const LOWER_NULL = 0x20;
const UPPER_NULL = 0x40;

/** A range's own type OID, then its bounds; the flags are the last byte. */
const BOUNDS = 4;

/** What a bound must be quoted for; of spaces only C's. */
const SPECIAL = /["\\()[\], \t\n\v\f\r]/;

/** range_out. The range type is the one the range itself names. */
export const rangeOutput: OutputFactory = (context) => {
  const layoutOf = remember((oid) => boundLayout(context.lookup.type(oid), oid, context));
  return overPayload((data) => {
    const layout = layoutOf(data.readUInt32LE(0));
    return formatRange(data.readUInt8(data.length - 1), new DatumCursor(data, BOUNDS), layout);
  });
};

/**
 * multirange_out. A multirange keeps, behind its type's OID and its count, one length or offset for each range but the
 * first, then every range's flags, then their bounds.
 */
export const multirangeOutput: OutputFactory = (context) => {
  const layoutOf = remember((oid) => {
    const rangeOid = context.lookup.type(oid)?.rangeOid ?? 0;
    return boundLayout(context.lookup.type(rangeOid), oid, context);
  });
  return overPayload((data) => {
    const layout = layoutOf(data.readUInt32LE(0));
    const count = data.readUInt32LE(4);
    if (count === 0) return '{}';
    const items = 8;
    const flags = items + (count - 1) * 4;
    const bounds = alignOffset(flags + count + VARLENA_HEADER_SIZE, layout.alignment) - VARLENA_HEADER_SIZE;
    if (bounds > data.length) throw new UndecodableValueError('the multirange ends inside its entries');
    const ranges: string[] = [];
    let start = 0;
    for (let index = 0; index < count; index++) {
      if (index > 0) start = itemEnd(data.readUInt32LE(items + (index - 1) * 4), start);
      const cursor = new DatumCursor(data, bounds + start);
      ranges.push(formatRange(data.readUInt8(flags + index), cursor, layout));
    }
    return `{${ranges.join(',')}}`;
  });
};

/** MULTIRANGE_ITEM_OFF_BIT: the item is where its range begins, not how far behind the previous one that is. */
const ITEM_IS_OFFSET = 0x8000_0000;

function itemEnd(item: number, start: number): number {
  return item >= ITEM_IS_OFFSET ? item - ITEM_IS_OFFSET : start + item;
}

function remember(find: (oid: Oid) => DatumLayout): (oid: Oid) => DatumLayout {
  const known = new Map<Oid, DatumLayout>();
  return (oid) => {
    const layout = known.get(oid) ?? find(oid);
    known.set(oid, layout);
    return layout;
  };
}

function boundLayout(range: TypeDefinition | undefined, oid: Oid, context: OutputContext): DatumLayout {
  const subtype = range && context.lookup.type(range.rangeOid);
  if (!subtype) throw new UndecodableValueError(`the range type ${oid} is not known`);
  return { length: subtype.length, alignment: subtype.alignment, output: context.outputOf(subtype.oid) };
}

function formatRange(flags: number, cursor: DatumCursor, layout: DatumLayout): string {
  if ((flags & EMPTY) !== 0) return 'empty';
  const lower = (flags & (LOWER_INFINITE | LOWER_NULL)) === 0 ? quoteBound(cursor.read(layout)) : '';
  const upper = (flags & (UPPER_INFINITE | UPPER_NULL)) === 0 ? quoteBound(cursor.read(layout)) : '';
  const open = (flags & LOWER_INCLUSIVE) !== 0 ? '[' : '(';
  return `${open}${lower},${upper}${(flags & UPPER_INCLUSIVE) !== 0 ? ']' : ')'}`;
}

function quoteBound(text: string): string {
  return text !== '' && !SPECIAL.test(text) ? text : `"${text.replace(/["\\]/g, '$&$&')}"`;
}
