/**
 * What files in an archive are called. Archive commands and backup tools keep a segment's name and put something around it: a suffix for
 * the compression (`.gz`, `.zst`, `.lz4`), `.partial` before or behind it (pg_receivewal writes `.gz.partial`), a checksum (pgBackRest:
 * `000000010000000000000001-<40 hexadecimal digits>.gz`).
 */

/** A file whose name says that it holds a segment. */
export interface ArchivedName {
  /** The segment's own name, `.partial` included: 24 hexadecimal digits. */
  readonly segment: string;
  /** Its name says that it is packed: `gz`, `zst`, `lz4` … as written. */
  readonly suffix?: string;
}

const ARCHIVED = /^([0-9A-F]{24})(?:-[0-9a-f]{40})?(\.partial)?(?:\.([A-Za-z0-9]{1,8}))?(\.partial)?$/;
/** Suffixes behind a segment's name that make it something else: a backup history file's, a temporary or status file's. */
const SOMETHING_ELSE = new Set([
  'backup',
  'tmp',
  'temp',
  'ready',
  'done',
  'history',
  'sha1',
  'sha256',
  'md5',
  'json',
]);

/** Reads a file's name; undefined when it names no segment. */
export function parseArchivedName(name: string): ArchivedName | undefined {
  const match = ARCHIVED.exec(name);
  if (!match) return undefined;
  const [, segment, before, suffix, behind] = match;
  if (suffix !== undefined && (suffix === 'partial' || SOMETHING_ELSE.has(suffix.toLowerCase())))
    return undefined;
  // 24 digits, a dot and eight digits: the beginning of a backup history file's name.
  if (suffix !== undefined && /^[0-9A-F]{8}$/.test(suffix)) return undefined;
  return { segment: before || behind ? `${segment}.partial` : segment, suffix };
}

/**
 * Directories inside an archive that hold segments: one for each timeline (barman and pgBackRest: timeline and log number, 16 digits; or
 * 8), wal-g's `wal_005`, pgBackRest's `15-1`.
 */
export function isArchiveSubdirectory(name: string): boolean {
  return /^(?:[0-9A-F]{8}(?:[0-9A-F]{8})?|wal_\d{3}|\d{1,2}-\d+|wals)$/.test(name);
}
