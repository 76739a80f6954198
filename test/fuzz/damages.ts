/**
 * Ways to damage a data directory. Each names what it did, so that a case can be told and repeated.
 *
 * Mostly something that PostgreSQL writes lets a reader notice: the CRC of a WAL record, the header of a WAL page, the CRC of pg_control
 * and pg_filenode.map, the checksum of a page of a relation (data checksums). Then no wrong row may come of it, and what is missing must
 * be said. `Blindness` is where nothing does.
 */
import type { Victim } from './victim.js';

/** Gives whole numbers from 0 to below `below`. */
export type Chance = (below: number) => number;

/**
 * What a reader cannot help.
 *
 * `misled`: pg_xact and pg_multixact have no checksums, a history file and PG_VERSION are plain text, and a relation's file may lack its
 * tail, be another relation's, an older copy or a page of zeros (which is what a page never written looks like) with every checksum right.
 * Of those a reader can only believe what it reads. `silenced`: when the last of the WAL is gone as if it had never been written, rows
 * are right but nothing says that there were more: a segment of zeros is what one not yet used looks like, another segment's contents are
 * what a recycled one holds. It must neither crash nor hang all the same.
 */
export type Blindness = 'none' | 'silenced' | 'misled';

/** What was done, where it leaves a reader blinder than damages of its kind do. */
export interface Blinding {
  readonly what: string;
  readonly blindness: Blindness;
}

export interface Damage {
  readonly kind: string;
  readonly blindness: Blindness;
  /** Files it is done to; it is not tried where there are none. */
  readonly to: RegExp;
  /** Does it; `other` is the other side of the incident. Says what was done. */
  readonly apply: (victim: Victim, path: string, chance: Chance, other: Victim) => string | Blinding;
}

const PAGE = 8192;
/** What a disk writes at once. */
const SECTOR = 512;

const WAL = /^pg_wal\/[0-9A-F]{24}$/;
const HISTORY = /^pg_wal\/[0-9A-F]{8}\.history$/;
const CONTROL = /^global\/pg_control$/;
const MAP = /pg_filenode\.map$/;
const TRANSACTION_STATUS = /^pg_(xact|multixact)\//;
const RELATION = /^(global|base\/\d+)\/\d+$/;
/** pg_type, pg_attribute, pg_proc, pg_class, pg_authid, pg_database, pg_index, pg_namespace: what rows are read by, wherever they were moved. */
const CATALOG = /^(global|base\/\d+)\/(1247|1249|1255|1259|1260|1262|2610|2615|3501|3541)$/;

function pick<Value>(list: readonly Value[], chance: Chance): Value {
  return list[chance(list.length)];
}

function garbage(length: number, chance: Chance): Buffer {
  return Buffer.from(Array.from({ length }, () => chance(256)));
}

/** A byte that means something: most of a file of 16 MB is zeros or padding, and damage there would say little. */
function meaningful(bytes: Buffer, chance: Chance): number {
  for (let attempt = 0; attempt < 200; attempt++) {
    const at = chance(bytes.length);
    if (bytes[at] !== 0 && bytes[at] !== bytes[at + 1]) return at;
  }
  return chance(bytes.length);
}

function flipBits(victim: Victim, path: string, chance: Chance): string {
  const bytes = victim.read(path);
  const done: string[] = [];
  for (let n = chance(3) === 0 ? 1 + chance(8) : 1; n > 0; n--) {
    const at = meaningful(bytes, chance);
    const bit = chance(8);
    bytes[at] ^= 1 << bit;
    done.push(`byte ${at} bit ${bit}`);
  }
  victim.write(path, bytes);
  return done.join(', ');
}

/** Flips a bit of a page's header: there every field steers the reader. */
function flipHeader(victim: Victim, path: string, chance: Chance): string {
  const bytes = victim.read(path);
  const page = meaningful(bytes, chance);
  const at = page - (page % PAGE) + chance(40);
  bytes[at] ^= 1 << chance(8);
  victim.write(path, bytes);
  return `header byte ${at}`;
}

function writeGarbage(victim: Victim, path: string, chance: Chance): string {
  const bytes = victim.read(path);
  const at = meaningful(bytes, chance);
  const length = 1 + chance(pick([4, 64, 600, PAGE], chance));
  garbage(Math.min(length, bytes.length - at), chance).copy(bytes, at);
  victim.write(path, bytes);
  return `${length} bytes of garbage at ${at}`;
}

function allGarbage(victim: Victim, path: string, chance: Chance): string {
  const length = chance(2) === 0 ? Math.min(victim.size(path), 1 << 20) : chance(2 * PAGE);
  victim.write(path, garbage(length, chance));
  return `${length} bytes of nothing but garbage`;
}

function zeros(victim: Victim, path: string, chance: Chance): string {
  const bytes = victim.read(path);
  const whole = chance(4) === 0;
  const at = whole ? 0 : meaningful(bytes, chance);
  const from = whole ? 0 : at - (at % PAGE);
  bytes.fill(0, from, whole ? bytes.length : from + PAGE);
  victim.write(path, bytes);
  return whole ? 'nothing but zeros' : `page at ${from} is zeros`;
}

function truncate(victim: Victim, path: string, chance: Chance): string {
  const bytes = victim.read(path);
  const length = pick(
    [
      0,
      chance(bytes.length),
      PAGE * chance(Math.ceil(bytes.length / PAGE)),
      bytes.length - Math.min(bytes.length, 1 + chance(100)),
    ],
    chance,
  );
  victim.write(path, bytes.subarray(0, length));
  return `truncated from ${bytes.length} to ${length}`;
}

function lengthen(victim: Victim, path: string, chance: Chance): string {
  const more = garbage(1 + chance(2 * PAGE), chance);
  victim.write(path, Buffer.concat([victim.read(path), more]));
  return `${more.length} bytes of garbage behind its end`;
}

function remove(victim: Victim, path: string): string {
  victim.remove(path);
  return 'removed';
}

/** Some sectors of a page as they were at another time: of another page, of zeros, or of the other side's. */
function tear(victim: Victim, path: string, chance: Chance, other: Victim): string {
  const bytes = victim.read(path);
  const at = meaningful(bytes, chance);
  const page = at - (at % PAGE);
  let source: Buffer = Buffer.alloc(PAGE);
  let from = 'zeros';
  const way = chance(3);
  if (way === 1 && other.present.includes(path)) {
    source = other.read(path).subarray(page, page + PAGE);
    from = "the other side's page";
  } else if (way === 2) {
    const place = PAGE * chance(Math.floor(bytes.length / PAGE));
    source = Buffer.from(bytes.subarray(place, place + PAGE));
    from = `page at ${place}`;
  }
  const sectors = chance(2) === 0 ? [1 + chance(15), 16] : [chance(16), 1 + chance(16)].sort((a, b) => a - b);
  source.subarray(sectors[0] * SECTOR, sectors[1] * SECTOR).copy(bytes, page + sectors[0] * SECTOR);
  victim.write(path, bytes);
  return `sectors ${sectors[0]} to ${sectors[1]} of the page at ${page} from ${from}`;
}

/** Does a page of WAL at `at` carry the address that follows that of the page before it? */
function goesOn(bytes: Buffer, at: number): boolean {
  return (
    at + PAGE <= bytes.length &&
    bytes.readBigUInt64LE(at + 8) === bytes.readBigUInt64LE(at - PAGE + 8) + BigInt(PAGE)
  );
}

/**
 * The same done to WAL. Its last page with zeros from some place on is what it was like when WAL went so far and no further: the server
 * begins each page with zeros and writes it again and again as it fills.
 */
function tearWal(victim: Victim, path: string, chance: Chance, other: Victim): string | Blinding {
  const before = victim.read(path);
  const what = tear(victim, path, chance, other);
  const after = victim.read(path);
  const first = before.findIndex((byte, at) => byte !== after[at]);
  if (first < 0) return what;
  const end = first - (first % PAGE) + PAGE;
  const isCut =
    first % PAGE > 0 && after.subarray(first, end).every((byte) => byte === 0) && !goesOn(after, end);
  return isCut ? { what, blindness: 'silenced' } : what;
}

function pageElsewhere(victim: Victim, path: string, chance: Chance): string {
  const bytes = victim.read(path);
  const pages = Math.floor(bytes.length / PAGE);
  const [from, to] = [chance(pages), chance(pages)];
  bytes.copy(bytes, to * PAGE, from * PAGE, (from + 1) * PAGE);
  victim.write(path, bytes);
  return `page ${from} over page ${to}`;
}

function others(victim: Victim, path: string, like: RegExp): string[] {
  return victim.present.filter((each) => each !== path && like.test(each));
}

function swapWith(like: RegExp) {
  return (victim: Victim, path: string, chance: Chance): string => {
    const candidates = others(victim, path, like);
    if (candidates.length === 0) return 'there is nothing to swap it with';
    const partner = pick(candidates, chance);
    const [a, b] = [victim.read(path), victim.read(partner)];
    victim.write(path, b);
    victim.write(partner, a);
    return `swapped with ${partner}`;
  };
}

function replacedBy(like: RegExp) {
  return (victim: Victim, path: string, chance: Chance, other: Victim): string => {
    const source = chance(2) === 0 ? victim : other;
    const candidates = source.present.filter((each) => like.test(each));
    if (candidates.length === 0) return 'there is nothing to replace it by';
    const from = pick(candidates, chance);
    victim.write(path, source.read(from));
    return `replaced by ${from} of ${source === victim ? 'its own' : 'the other'} side`;
  };
}

function renameSegment(victim: Victim, path: string, chance: Chance): string {
  const digits = path.slice(-8);
  const number = (Number.parseInt(digits, 16) + pick([-1, 1, 2, 100], chance)) >>> 0;
  const name = path.slice(0, -8) + number.toString(16).toUpperCase().padStart(8, '0');
  victim.rename(path, name);
  return `renamed to ${name}`;
}

/** Text with a character changed, a line gone, doubled or moved. */
function changeText(victim: Victim, path: string, chance: Chance): string {
  const text = victim.read(path).toString('latin1');
  const lines = text.split('\n');
  const at = chance(Math.max(1, lines.length - 1));
  const way = chance(5);
  let changed: string;
  if (way === 0) changed = lines.filter((_, i) => i !== at).join('\n');
  else if (way === 1) changed = [...lines.slice(0, at), lines[at], ...lines.slice(at)].join('\n');
  else if (way === 2) changed = [...lines].reverse().join('\n');
  else {
    const place = chance(Math.max(1, text.length));
    const character = pick(['0', '9', 'F', '/', '\t', ' ', '\n', 'x', '-', '\0', 'ÿ'], chance);
    changed = text.slice(0, place) + character + text.slice(place + (way === 3 ? 1 : 0));
  }
  victim.write(path, Buffer.from(changed, 'latin1'));
  return `now ${JSON.stringify(changed.slice(0, 120))}`;
}

function damage(kind: string, to: RegExp, apply: Damage['apply'], blindness: Blindness = 'none'): Damage {
  return { kind, to, apply, blindness };
}

/** All of them. */
export const DAMAGES: readonly Damage[] = [
  damage('WAL: bits flipped', WAL, flipBits),
  damage('WAL: page header flipped', WAL, flipHeader),
  damage('WAL: garbage', WAL, writeGarbage),
  damage('WAL: segment of garbage', WAL, allGarbage),
  damage('WAL: zeros', WAL, zeros, 'silenced'),
  damage('WAL: truncated', WAL, truncate),
  damage('WAL: longer', WAL, lengthen),
  damage('WAL: torn page', WAL, tearWal),
  damage('WAL: page elsewhere', WAL, pageElsewhere),
  damage('WAL: segments swapped', WAL, swapWith(WAL), 'silenced'),
  damage('WAL: segment doubled', WAL, replacedBy(WAL), 'silenced'),
  damage('WAL: segment renamed', WAL, renameSegment),
  damage('WAL: segment removed', WAL, remove),
  damage('pg_control: bits flipped', CONTROL, flipBits),
  damage('pg_control: garbage', CONTROL, writeGarbage),
  damage('pg_control: truncated', CONTROL, truncate),
  damage('pg_control: removed', CONTROL, remove),
  damage('map: bits flipped', MAP, flipBits),
  damage('map: garbage', MAP, allGarbage),
  damage('map: truncated', MAP, truncate),
  damage('map: removed', MAP, remove),
  damage("map: another's", MAP, replacedBy(MAP), 'misled'),
  damage('catalog: bits flipped', CATALOG, flipBits),
  damage('catalog: page header flipped', CATALOG, flipHeader),
  damage('catalog: garbage', CATALOG, writeGarbage),
  damage('catalog: torn page', CATALOG, tear),
  damage('catalog: page elsewhere', CATALOG, pageElsewhere),
  damage('catalog: zeros', CATALOG, zeros, 'misled'),
  damage('catalog: truncated', CATALOG, truncate, 'misled'),
  damage('catalog: removed', CATALOG, remove, 'misled'),
  damage('catalog: swapped', CATALOG, swapWith(RELATION), 'misled'),
  damage("catalog: another's", CATALOG, replacedBy(RELATION), 'misled'),
  damage('relation: bits flipped', RELATION, flipBits),
  damage('relation: garbage', RELATION, writeGarbage),
  damage('relation: torn page', RELATION, tear),
  damage('relation: truncated', RELATION, truncate, 'misled'),
  damage('relation: removed', RELATION, remove, 'misled'),
  damage('pg_xact, pg_multixact: bits flipped', TRANSACTION_STATUS, flipBits, 'misled'),
  damage('pg_xact, pg_multixact: garbage', TRANSACTION_STATUS, writeGarbage, 'misled'),
  damage('pg_xact, pg_multixact: truncated', TRANSACTION_STATUS, truncate, 'misled'),
  damage('pg_xact, pg_multixact: removed', TRANSACTION_STATUS, remove, 'misled'),
  damage('history: changed', HISTORY, changeText, 'misled'),
  damage('history: garbage', HISTORY, allGarbage, 'misled'),
  damage('history: truncated', HISTORY, truncate, 'misled'),
  damage('history: removed', HISTORY, remove, 'misled'),
  damage('settings: changed', /^(PG_VERSION|postgresql\.conf|postgresql\.auto\.conf)$/, changeText, 'misled'),
  damage('settings: garbage', /^(PG_VERSION|postgresql\.conf|postgresql\.auto\.conf)$/, allGarbage, 'misled'),
];
