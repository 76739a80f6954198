/** Transactions as `list --json` writes them: a line of JSON each. */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import type { TextSink } from '../bytes/text-sink.js';
import { formatTimestamp, type TimestampMicros } from '../bytes/timestamp.js';
import type { ListedTransaction, Verdict } from '../incident/model.js';
import { tableLabel } from '../rows/row-change.js';

/** A transaction as an object, in the order in which JSON has its parts. */
export function jsonObject(t: ListedTransaction) {
  const tables: Record<string, object> = {};
  for (const { schema, table, insert, update, delete: deleted, truncate } of t.tables) {
    tables[tableLabel({ schema, name: table })] = { insert, update, delete: deleted, truncate };
  }
  return {
    xid: t.xid,
    commitLsn: formatLsn(t.commitLsn),
    commitEndLsn: formatLsn(t.commitEndLsn),
    commitTime: formatTimestamp(t.commitTime),
    state: t.state,
    origin: t.origin && {
      id: t.origin.id,
      name: t.origin.name,
      lsn: formatLsn(t.origin.lsn),
      time: t.origin.time === 0 ? undefined : formatTimestamp(t.origin.time),
    },
    gid: t.gid,
    database: t.database,
    straddlesFork: t.straddlesFork,
    preparedBeforeFork: t.preparedBeforeFork,
    tables,
    messages: t.messages,
    movesSequences: t.movesSequences,
    verdict: t.verdict,
    undecodable: t.undecodable,
    changesCatalog: t.changesCatalog,
    definitions: t.definitions,
    walBytes: t.walBytes,
  };
}

const XID = Buffer.from('{"xid":');
const COMMIT_LSN = Buffer.from(',"commitLsn":"');
const COMMIT_END_LSN = Buffer.from('","commitEndLsn":"');
const COMMIT_TIME = Buffer.from('","commitTime":"');
const END = Buffer.from('}\n');

const MICROS_IN_SECOND = 1_000_000;
/** `.184429Z`. */
const FRACTION_BYTES = 8;

/** What lines of transactions that did the same have in common: what stands behind their times, as far as their size in WAL. */
type Middles = Map<Verdict, Buffer>;

/**
 * Writes lines into a sink. Most transactions did what many others did, and share the list of their tables: what that comes to in JSON
 * is put together once.
 */
export class JsonLines {
  readonly #sink: TextSink;
  readonly #middles = new WeakMap<ListedTransaction['tables'], Middles>();
  #lastTables: ListedTransaction['tables'] | undefined;
  #lastMiddles: Middles = new Map();
  /** The second written last. */
  #second = Number.NaN;
  #secondText = Buffer.alloc(0);

  constructor(sink: TextSink) {
    this.#sink = sink;
  }

  /** A transaction's line. */
  write(t: ListedTransaction): void {
    const sink = this.#sink;
    if (
      t.state !== 'committed' ||
      t.origin !== undefined ||
      t.gid !== undefined ||
      t.straddlesFork ||
      t.preparedBeforeFork ||
      t.changesCatalog ||
      t.beginningMissing
    ) {
      sink.utf8(`${JSON.stringify(jsonObject(t))}\n`);
      return;
    }
    sink.prepared(XID);
    sink.integer(t.xid);
    sink.prepared(COMMIT_LSN);
    appendLsn(sink, t.commitLsn);
    sink.prepared(COMMIT_END_LSN);
    appendLsn(sink, t.commitEndLsn);
    sink.prepared(COMMIT_TIME);
    this.#time(t.commitTime);
    sink.prepared(this.#middle(t));
    sink.integer(t.walBytes);
    sink.prepared(END);
  }

  #time(micros: TimestampMicros): void {
    const sink = this.#sink;
    const second = Math.floor(micros / MICROS_IN_SECOND);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = Buffer.from(formatTimestamp(micros).slice(0, -FRACTION_BYTES));
    }
    sink.prepared(this.#secondText);
    sink.reserve(FRACTION_BYTES);
    const { bytes, length } = sink;
    bytes[length] = 0x2e;
    let rest = micros - second * MICROS_IN_SECOND;
    for (let at = length + 6; at > length; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = 0x30 + rest - next * 10;
      rest = next;
    }
    bytes[length + 7] = 0x5a;
    sink.length = length + FRACTION_BYTES;
  }

  /** From behind the commit time to before the size. */
  #middle(t: ListedTransaction): Buffer {
    if (t.tables !== this.#lastTables) {
      let middles = this.#middles.get(t.tables);
      if (!middles) {
        middles = new Map();
        this.#middles.set(t.tables, middles);
      }
      this.#lastTables = t.tables;
      this.#lastMiddles = middles;
    }
    let middle = this.#lastMiddles.get(t.verdict);
    if (!middle) {
      const { state, database, straddlesFork, tables, messages, movesSequences } = jsonObject(t);
      const { verdict, undecodable, changesCatalog } = t;
      const common = { state, database, straddlesFork, tables, messages, movesSequences };
      const text = JSON.stringify({ ...common, verdict, undecodable, changesCatalog, walBytes: 0 });
      // In place of the opening brace the end of the time, and no size yet.
      middle = Buffer.from(`",${text.slice(1, -'0}'.length)}`);
      this.#lastMiddles.set(t.verdict, middle);
    }
    return middle;
  }
}

const TWO_TO_32 = 0x1_0000_0000;

/** formatLsn() as bytes. */
function appendLsn(sink: TextSink, lsn: Lsn): void {
  const high = Math.floor(lsn / TWO_TO_32);
  appendHexadecimal(sink, high);
  sink.byte(0x2f);
  appendHexadecimal(sink, lsn - high * TWO_TO_32);
}

/** An unsigned 32-bit number. */
function appendHexadecimal(sink: TextSink, value: number): void {
  const digits = value === 0 ? 1 : (35 - Math.clz32(value)) >> 2;
  sink.reserve(digits);
  const { bytes, length } = sink;
  let rest = value;
  for (let at = length + digits - 1; at >= length; at--) {
    const digit = rest & 15;
    bytes[at] = digit < 10 ? 0x30 + digit : 0x37 + digit;
    rest >>>= 4;
  }
  sink.length = length + digits;
}
