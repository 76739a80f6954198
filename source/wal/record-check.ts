/** What is asked of a single record's bytes when it is read. */
import { updateCrc32c } from '../bytes/crc32c.js';
import type { Lsn } from '../bytes/lsn.js';
import { RECORD_HEADER_SIZE } from './block-references.js';
import type { RecordCursor } from './record-cursor.js';
import { ResourceManager } from './resource-managers.js';
import type { WindowMemory } from './window-memory.js';

const XLOG_OVERWRITE_CONTRECORD = 0xd0;

/** CRC-32C of a record as its header should have it. `memory`: where most records lie, which computes its own. */
export function recordCrc({ buffer, start, totalLength }: RecordCursor, memory: WindowMemory): number {
  const body = start + RECORD_HEADER_SIZE;
  const end = start + totalLength;
  const crc =
    buffer === memory.buffer
      ? memory.update(memory.update(0xffffffff, body, end), start, start + 20)
      : updateCrc32c(updateCrc32c(0xffffffff, buffer, body, end), buffer, start, start + 20);
  return ~crc >>> 0;
}

/** Does the record say that the one at `overwritten` was never finished (xl_overwrite_contrecord)? */
export function standsFor(record: RecordCursor, overwritten: Lsn): boolean {
  const { rmid, info, mainLength, mainOffset, view } = record;
  if (rmid !== ResourceManager.xlog || (info & 0xf0) !== XLOG_OVERWRITE_CONTRECORD || mainLength < 8)
    return false;
  return (
    view.getUint32(mainOffset + 4, true) * 0x1_0000_0000 + view.getUint32(mainOffset, true) === overwritten
  );
}

/** Is the end of the record's bytes written? One that a crash interrupted was copied from its beginning, into zeros. */
export function hasTail({ buffer, start, totalLength }: RecordCursor): boolean {
  const end = start + totalLength;
  for (let at = Math.max(start + RECORD_HEADER_SIZE, end - 8); at < end; at++)
    if (buffer[at] !== 0) return true;
  return false;
}
