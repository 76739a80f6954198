/** Figures as people read them: counts, bytes, durations, times. Always UTC, always the same width class. */
import { formatCount } from '../bytes/count.js';
import { formatTimestamp, type TimestampMicros } from '../bytes/timestamp.js';

/** A count in at most four columns: `9999`, `12k`, `1.2M`, `340M`. */
export function formatShortCount(count: number): string {
  if (count < 10_000) return String(count);
  const [value, unit] =
    count < 1_000_000 ? [count / 1e3, 'k'] : count < 1_000_000_000 ? [count / 1e6, 'M'] : [count / 1e9, 'G'];
  return `${value < 10 ? (Math.floor(value * 10) / 10).toFixed(1) : Math.floor(value)}${unit}`;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `812 B`, `57.3 MB`: powers of 1024 under PostgreSQL's names for them (pg_size_pretty). */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** Bytes in at most four columns: `812B`, `1.2k`, `57M`. */
export function formatShortBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 9.95 ? Math.round(value) : value.toFixed(1)}${BYTE_UNITS[unit][0]}`;
}

/** A duration in seconds as `0.4 s`, `83 s`, `12 min 5 s`, `3 h 20 min`, `2 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `2026-11-21 02:45:47.184429`: UTC, to be followed by ` UTC` where that is not said elsewhere. */
export function formatTime(time: TimestampMicros): string {
  return formatTimestamp(time).replace('T', ' ').slice(0, -1);
}

/** `2026-11-21`. */
export function formatDay(time: TimestampMicros): string {
  return formatTimestamp(time).slice(0, 10);
}

/** `02:45:47.184`. */
export function formatClock(time: TimestampMicros): string {
  return formatTimestamp(time).slice(11, 23);
}

/** `1 transaction`, `2 transactions`. */
export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : many}`;
}
