/** The bytes of a pg_control, checked by their CRC-32C, field by field: where each lies is its layout's matter, which the version tells. */
import { crc32c } from '../bytes/crc32c.js';
import { ForkpointError } from '../bytes/errors.js';
import { type Lsn, readLsn } from '../bytes/lsn.js';
import { POSTGRES_EPOCH_MS, type TimestampMicros } from '../bytes/timestamp.js';
import { SUPPORTED_MAJORS } from '../wal/versions.js';
import { CONTROL_FILE_LAYOUTS, type ControlFileLayout } from './control-file-layout.js';

/** What to do about a pg_control that cannot be used. */
export const RECOVER =
  'use another copy of this data directory, or give forkpoint a directory that holds only its WAL';

/** The fields of one pg_control, by their C names. */
export class ControlFileFields {
  readonly #view: DataView;
  readonly #layout: ControlFileLayout;
  readonly #path: string;

  constructor(view: DataView, layout: ControlFileLayout, path: string) {
    this.#view = view;
    this.#layout = layout;
    this.#path = path;
  }

  /** Where it begins. Throws RangeError when this version has no such field. */
  offset(name: string): number {
    const field = this.#layout.get(name);
    if (!field) throw new RangeError(`pg_control has no field ${name}`);
    return field.offset;
  }

  /** Does this version have it? */
  has(name: string): boolean {
    return this.#layout.has(name);
  }

  uint32(name: string): number {
    return this.#view.getUint32(this.offset(name), true);
  }

  bool(name: string): boolean {
    return this.#view.getUint8(this.offset(name)) !== 0;
  }

  double(name: string): number {
    return this.#view.getFloat64(this.offset(name), true);
  }

  uint64(name: string): bigint {
    return this.#view.getBigUint64(this.offset(name), true);
  }

  /** pg_time_t: seconds since 1970. */
  time(name: string): TimestampMicros {
    const seconds = Number(this.#view.getBigInt64(this.offset(name), true));
    return (seconds - POSTGRES_EPOCH_MS / 1000) * 1_000_000;
  }

  /** Throws ForkpointError when it lies beyond what a number holds. */
  lsn(name: string): Lsn {
    try {
      return readLsn(this.#view, this.offset(name));
    } catch (error) {
      throw new ForkpointError(
        {
          what: `the ${name} of pg_control lies beyond 2^53 bytes of WAL, which forkpoint cannot address`,
          where: this.#path,
        },
        { cause: error },
      );
    }
  }
}

/** The layout for this file, after the checks that need none. */
function layoutFor(view: DataView, path: string): ControlFileLayout {
  if (view.byteLength < 16) {
    throw new ForkpointError({
      what: `pg_control is damaged: it has ${view.byteLength} bytes`,
      where: path,
      next: RECOVER,
    });
  }
  const controlVersion = view.getUint32(8, true);
  const layout = CONTROL_FILE_LAYOUTS.get(controlVersion);
  if (layout) return layout;
  if (CONTROL_FILE_LAYOUTS.has(view.getUint32(8, false))) {
    throw new ForkpointError({
      what: 'pg_control was written on a machine of the other byte order (big-endian)',
      where: path,
      next: 'forkpoint reads clusters of little-endian machines only',
    });
  }
  throw new ForkpointError({
    what: `pg_control version number ${controlVersion} is unknown: forkpoint reads PostgreSQL ${SUPPORTED_MAJORS}`,
    where: path,
    next: 'check that this is the data directory of one of these versions, and that the file is not damaged',
  });
}

/**
 * Opens a pg_control from bytes. `path` only names it in messages. Throws ForkpointError when its version is unknown, it comes from a
 * big-endian machine, or its CRC does not fit.
 */
export function openControlFile(bytes: Uint8Array, path: string): ControlFileFields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = new ControlFileFields(view, layoutFor(view, path), path);
  const crcOffset = fields.offset('crc');
  if (bytes.length < crcOffset + 4) {
    throw new ForkpointError({
      what: `pg_control is damaged: it has ${bytes.length} bytes, at least ${crcOffset + 4} are needed`,
      where: path,
      next: RECOVER,
    });
  }
  const found = crc32c(bytes, 0, crcOffset);
  const stored = fields.uint32('crc');
  if (found !== stored) {
    const hex = (crc: number): string => crc.toString(16).toUpperCase().padStart(8, '0');
    throw new ForkpointError({
      what: `pg_control is damaged: its CRC is ${hex(stored)}, its contents have ${hex(found)}`,
      where: path,
      next: RECOVER,
    });
  }
  return fields;
}
