/** Walks the data inside a datum: elements, fields and bounds, laid out by their types' length and alignment. */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import {
  alignOffset,
  inlineVarlenaData,
  isVarlenaPlain,
  VARLENA_HEADER_SIZE,
  varlenaHeaderSize,
  varlenaSize,
} from '../bytes/varlena.js';
import type { TypeDefinition } from '../catalog/model.js';
import type { OutputFunction } from './output.js';

/** How a nested value is stored, and what puts it into text. */
export interface DatumLayout extends Pick<TypeDefinition, 'length' | 'alignment'> {
  readonly output: OutputFunction;
}

/**
 * Reads nested values one after the other. Their alignment counts from the container's varlena header, which `data`, the
 * container's payload, no longer has: a header of one byte is grown to four before a server looks inside.
 */
export class DatumCursor {
  /** Where the next value begins, before alignment. */
  offset: number;

  /**
   * `bias` is how many bytes of the container lie before `data` (none for a value that stands alone).
   * `nominal`: alignment is never skipped (arrays), where elsewhere a one-byte header is stored unaligned.
   */
  constructor(
    readonly data: Buffer,
    offset: number,
    private readonly bias: number = VARLENA_HEADER_SIZE,
    private readonly nominal = false,
  ) {
    this.offset = offset;
  }

  /** The next value as text. Throws CorruptDatumError or RangeError when it does not lie within the data. */
  read(layout: DatumLayout): string {
    const { data } = this;
    const aligned = alignOffset(this.offset + this.bias, layout.alignment) - this.bias;
    if (layout.length === -1) {
      // A byte that is not zero cannot be padding (att_align_pointer).
      const start = this.nominal || data[this.offset] === 0 ? aligned : this.offset;
      this.offset = start + varlenaSize(data, start, data.length);
      if (isVarlenaPlain(data, start))
        return layout.output(data, start + varlenaHeaderSize(data, start), this.offset);
      const inflated = inlineVarlenaData(data, start, data.length);
      return layout.output(inflated, 0, inflated.length);
    }
    const end = layout.length === -2 ? data.indexOf(0, aligned) : aligned + layout.length;
    if (end < aligned || end > data.length)
      throw new CorruptDatumError('a nested value ends outside its container');
    this.offset = layout.length === -2 ? end + 1 : end;
    return layout.output(data, aligned, end);
  }
}
