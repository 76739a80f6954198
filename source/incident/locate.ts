/** Where does what the operator typed lead: an xid, an LSN or a time. */
import { parseLsn } from '../bytes/lsn.js';
import { POSTGRES_EPOCH_MS } from '../bytes/timestamp.js';
import type { OpenedIncident } from './opened-incident.js';

const DAY = 86_400_000_000;

/**
 * Position in commit order of the transaction nearest to `text`: an xid (exact), an LSN (first that commits at or after it), a time of day or
 * an ISO date and time in UTC (first at or after it). Undefined when the text is none of these or nothing is there.
 */
export function locateTransaction(incident: OpenedIncident, text: string): number | undefined {
  const wanted = text.trim();
  const { length } = incident;
  if (length === 0 || wanted === '') return undefined;
  const lsn = parseLsn(wanted);
  if (lsn !== undefined) return Math.min(incident.atOrAfter(lsn), length - 1);
  if (/^\d+$/.test(wanted)) {
    // With or without its epoch in front.
    const xid = Number(wanted) % 0x1_0000_0000;
    for (let index = 0; index < length; index++) if (incident.transaction(index).xid === xid) return index;
    return undefined;
  }
  const time = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,6})?))?$/.exec(wanted);
  const first = incident.transaction(0).commitTime;
  let from: number;
  if (time) {
    const sinceMidnight = (Number(time[1]) * 3600 + Number(time[2]) * 60 + Number(time[3] ?? 0)) * 1_000_000;
    from = Math.floor(first / DAY) * DAY + sinceMidnight;
    if (from < first && first - from > DAY / 2) from += DAY;
  } else {
    const parsed = Date.parse(/[zZ]$|[+-]\d\d:?\d\d$/.test(wanted) ? wanted : `${wanted.replace(' ', 'T')}Z`);
    if (Number.isNaN(parsed)) return undefined;
    from = (parsed - POSTGRES_EPOCH_MS) * 1000;
  }
  for (let index = 0; index < length; index++)
    if (incident.transaction(index).commitTime >= from) return index;
  return length - 1;
}
