/** Transactions as `list --json` writes them: a line of JSON each. */

import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { PreparedText } from '../bytes/prepared-text.js';
import type { TextSink } from '../bytes/text-sink.js';
import { formatTimestamp, type TimestampMicros } from '../bytes/timestamp.js';
import type { ListedTransaction, Verdict } from '../incident/model.js';
import { tableLabel } from '../rows/row-change.js';
import type { TransactionIndex } from '../transactions/transaction-index.js';

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

const XID = new PreparedText('{"xid":');
const COMMIT_LSN = new PreparedText(',"commitLsn":"');
const COMMIT_END_LSN = new PreparedText('","commitEndLsn":"');
const COMMIT_TIME = new PreparedText('","commitTime":"');
const END = new PreparedText('}\n');

const MICROS_IN_SECOND = 1_000_000;
/** `.184429Z`. */
const FRACTION_BYTES = 8;

/** What lines are made from: transactions by their position in commit order. */
export interface LinesSource {
  transaction(index: number): ListedTransaction;
  verdict(index: number): Verdict;
  /** What of them numbers tell. */
  places(): TransactionIndex;
}

/**
 * Writes lines into a sink. Most transactions did what many others did: what that comes to in JSON is put together once, and no object is
 * made of them.
 */
export class JsonLines {
  readonly #sink: TextSink;
  readonly #source: LinesSource;
  readonly #places: TransactionIndex;
  /** For each verdict, by the number of a shape: what stands between a commit's time and its size in WAL. */
  readonly #middles = new Map<Verdict, (PreparedText | undefined)[]>();
  #lastVerdict: Verdict | undefined;
  #lastMiddles: (PreparedText | undefined)[] = [];
  /** The second written last. */
  #second = Number.NaN;
  #secondText = new PreparedText('');

  constructor(sink: TextSink, source: LinesSource) {
    this.#sink = sink;
    this.#source = source;
    this.#places = source.places();
  }

  /** The line of the transaction at `index`. */
  write(index: number): void {
    const sink = this.#sink;
    const places = this.#places;
    if (!places.isPlain(index)) {
      sink.utf8(`${JSON.stringify(jsonObject(this.#source.transaction(index)))}\n`);
      return;
    }
    sink.prepared(XID);
    sink.integer(places.xid(index));
    sink.prepared(COMMIT_LSN);
    appendLsn(sink, places.commitLsn(index));
    sink.prepared(COMMIT_END_LSN);
    appendLsn(sink, places.commitEndLsn(index));
    sink.prepared(COMMIT_TIME);
    this.#time(places.commitTime(index));
    sink.prepared(this.#middle(index));
    sink.integer(places.walBytes(index));
    sink.prepared(END);
  }

  #time(micros: TimestampMicros): void {
    const sink = this.#sink;
    const second = Math.floor(micros / MICROS_IN_SECOND);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = new PreparedText(formatTimestamp(micros).slice(0, -FRACTION_BYTES));
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
  #middle(index: number): PreparedText {
    const verdict = this.#source.verdict(index);
    if (verdict !== this.#lastVerdict) {
      this.#lastMiddles = this.#middles.get(verdict) ?? [];
      this.#middles.set(verdict, this.#lastMiddles);
      this.#lastVerdict = verdict;
    }
    const shape = this.#places.shapeNumber(index);
    let middle = this.#lastMiddles[shape];
    if (middle === undefined) {
      const whole = jsonObject(this.#source.transaction(index));
      const { state, database, straddlesFork, tables, messages, movesSequences } = whole;
      const { undecodable, changesCatalog } = whole;
      const common = { state, database, straddlesFork, tables, messages, movesSequences };
      const text = JSON.stringify({ ...common, verdict, undecodable, changesCatalog, walBytes: 0 });
      // In place of the opening brace the end of the time, and no size yet.
      middle = new PreparedText(`",${text.slice(1, -'0}'.length)}`);
      this.#lastMiddles[shape] = middle;
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
