/** A quick look at a directory of nothing but WAL: an archive, or a pg_wal. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ListedFile } from '../wal/place-listing.js';
import { openWalSegments } from '../wal/places.js';
import { readFirstPage } from '../wal/segment-file.js';
import { isValidSegmentSize, parseSegmentFileName } from '../wal/segment-name.js';
import { historyOrWarning, summarize, timelinesOf } from './probe-segments.js';
import type { DataDirectoryProbe, RefusedProbe } from './side-probe.js';

/** Looks at a directory by the files in it that are named like segments. */
export function probeWalDirectory(path: string, files: readonly ListedFile[]): DataDirectoryProbe {
  const names = files.map(({ segment }) => segment);
  const refuse = (reason: string): RefusedProbe => ({ ok: false, path, reason, browsable: true });
  // The newest names may be recycled or zeros: the first that is WAL tells what the directory is.
  const sorted = [...files].sort((a, b) => (a.segment < b.segment ? 1 : -1));
  let problem = '';
  for (const { segment: name, path: file } of sorted) {
    const page = readFirstPage(file);
    if ('kind' in page) {
      problem ||= `${name}: ${page.reason}`;
      if (page.kind === 'unreadable') return refuse(`cannot read ${file}: ${page.reason}`);
      continue;
    }
    if (!isValidSegmentSize(page.segmentSize)) {
      problem ||= `${name}: its segment size ${page.segmentSize} is not one`;
      continue;
    }
    const genuine = parseSegmentFileName(name, page.segmentSize);
    if (!genuine || genuine.startLsn !== page.address) continue;
    const timelines = timelinesOf(names);
    const timeline = timelines[timelines.length - 1];
    const warnings: string[] = [];
    const found = historyOrWarning(timeline, path, warnings);
    const segments = openWalSegments({
      places: [path],
      history: found.history,
      segmentSize: page.segmentSize,
      pageSize: page.pageSize,
      majorVersion: page.majorVersion,
      systemIdentifier: page.systemIdentifier,
    });
    const parent = dirname(path);
    if (basename(path) === 'pg_wal' && existsSync(join(parent, 'PG_VERSION'))) {
      warnings.push(
        `This is the pg_wal of the data directory ${parent}: name that one to have its catalog too.`,
      );
    }
    return {
      ok: true,
      path,
      kind: 'wal-directory',
      majorVersion: page.majorVersion,
      systemIdentifier: page.systemIdentifier,
      state: 'WAL only',
      timeline,
      timelines,
      history: found.history,
      missingHistory: found.missing,
      checkpointLsn: 0,
      redoLsn: 0,
      checkpointTime: 0,
      pageSize: 0,
      walPageSize: page.pageSize,
      walSegmentSize: page.segmentSize,
      walLevel: 'unknown',
      walDirectory: path,
      segments: summarize(names, page.segmentSize, segments.namedPositions(), segments.lastUsable(), (lsn) =>
        segments.timelineAt(lsn),
      ),
      standby: false,
      tablespaces: [],
      warnings,
    };
  }
  return refuse(`the files in ${path} are named like WAL segments, but none is one: ${problem}`);
}
