/** Where reading stopped: is that the end of WAL, as after any crash, or only the end of what can be read? */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import type { WalReader } from './reader.js';
import type { WalSegments } from './segments.js';
import type { WalEnd } from './wal-end.js';

/** What `reader`, which has stopped, says of its end, put right by what lies behind it. */
export function endOfWal(reader: WalReader): WalEnd | undefined {
  const { end, segments } = reader;
  if (end?.kind === 'missing') return isJustNotThere(segments, end) ? { ...end, kind: 'end' } : end;
  if (end === undefined) return end;
  const goesOn = reader.continuesAfter(end.lsn);
  if (goesOn === undefined) return end;
  const more =
    goesOn === end.lsn ? 'the rest of that record is whole' : `WAL goes on at ${formatLsn(goesOn)}`;
  return { ...end, kind: 'damaged', reason: `${end.reason}; ${more}` };
}

/** A segment that was never begun: the last record filled the one before it to its end, or was to go on in it. */
function isJustNotThere(segments: WalSegments, end: WalEnd): boolean {
  const next = end.lsn + ((segments.segmentSize - (end.lsn % segments.segmentSize)) % segments.segmentSize);
  const segment = segments.at(next);
  if (!('missing' in segment) || segment.broken || hasSegmentAfter(segments, next)) return false;
  return next === end.lsn || (!('missing' in segments.at(next - 1)) && segment.broken === false);
}

function hasSegmentAfter(segments: WalSegments, lsn: Lsn): boolean {
  return segments.list().some((segment) => segment.startLsn > lsn && !('missing' in segment));
}
