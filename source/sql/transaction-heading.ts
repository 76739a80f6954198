/** The comment that heads a transaction. */

import { appendLsn, formatLsn, type Lsn } from '../bytes/lsn.js';
import { PreparedText } from '../bytes/prepared-text.js';
import type { TextSink } from '../bytes/text-sink.js';
import { formatTimestamp, type TimestampMicros } from '../bytes/timestamp.js';
import { originText, type TransactionSummary } from '../transactions/transaction.js';
import { comment } from './comments.js';

/** `2026-11-21 02:45:47.184429 UTC`. */
export function formatUtc(time: TimestampMicros): string {
  return formatTimestamp(time).replace('T', ' ').replace('Z', ' UTC');
}

/** What that comment says: `xid 738  committed 2026-11-21 02:45:47.184429 UTC  LSN 0/A016F40`. */
export function transactionHeading(transaction: TransactionSummary): string {
  const { xid, state, gid, commitTime, commitLsn, straddlesFork, preparedBeforeFork, origin } = transaction;
  if (state === 'message') {
    const sender = xid === 0 ? 'without a transaction' : `by xid ${xid}`;
    return `sent at once ${sender}  LSN ${formatLsn(commitLsn)}`;
  }
  const facts = [
    `xid ${xid}`,
    `${state === 'prepared' ? 'PREPARED, never resolved' : 'committed'} ${formatUtc(commitTime)}`,
    `LSN ${formatLsn(commitLsn)}`,
  ];
  if (gid !== undefined) facts.push(`gid ${gid}`);
  if (preparedBeforeFork) facts.push('prepared before the fork');
  else if (straddlesFork) facts.push('began before the fork');
  if (origin) facts.push(originText(origin));
  return facts.join('  ');
}

const XID = new PreparedText('-- xid ');
const COMMITTED = new PreparedText('  committed ');
const LSN = new PreparedText('  LSN ');
const LINE_FEED = 0x0a;
const MICROS_IN_SECOND = 1_000_000;

/** Writes a heading as a comment, and its line end. */
export function writeHeading(sink: TextSink, transaction: TransactionSummary): void {
  const { xid, state, gid, commitTime, commitLsn, straddlesFork, preparedBeforeFork, origin } = transaction;
  if (state !== 'committed' || gid !== undefined || straddlesFork || preparedBeforeFork || origin) {
    sink.utf8(comment(transactionHeading(transaction)));
    sink.byte(LINE_FEED);
  } else writePlainHeading(sink, xid, commitTime, commitLsn);
}

/** The same for a transaction of which there is nothing else to say. */
export function writePlainHeading(
  sink: TextSink,
  xid: number,
  commitTime: TimestampMicros,
  commitLsn: Lsn,
): void {
  sink.prepared(XID);
  sink.integer(xid);
  sink.prepared(COMMITTED);
  writeUtc(sink, commitTime);
  sink.prepared(LSN);
  appendLsn(sink, commitLsn);
  sink.byte(LINE_FEED);
}

/** The second written last, up to its decimal point, and what stands behind the decimals. */
let lastSecond = Number.NaN;
let secondText = new PreparedText('');
const ZONE = new PreparedText(' UTC');

function writeUtc(sink: TextSink, time: TimestampMicros): void {
  const second = Math.floor(time / MICROS_IN_SECOND);
  if (second !== lastSecond) {
    secondText = new PreparedText(formatUtc(second * MICROS_IN_SECOND).slice(0, -'000000 UTC'.length));
    lastSecond = second;
  }
  sink.prepared(secondText);
  let rest = time - second * MICROS_IN_SECOND;
  for (let unit = MICROS_IN_SECOND / 10; unit >= 1; unit /= 10) {
    const digit = Math.floor(rest / unit);
    sink.byte(0x30 + digit);
    rest -= digit * unit;
  }
  sink.prepared(ZONE);
}
