/** `node read-all.js DIR`: reads and checks every record of a data directory's WAL, and nothing else: what forkpoint's reader costs by itself. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readControlFile } from '../../source/timeline/control-file.js';
import { openWalSegments } from '../../source/wal/places.js';
import { WalReader } from '../../source/wal/reader.js';
import { looksLikeSegmentName, parseSegmentFileName } from '../../source/wal/segment-name.js';

const directory = process.argv[2];
const control = readControlFile(directory);
const place = join(directory, 'pg_wal');
const [first] = readdirSync(place).filter(looksLikeSegmentName).sort();
const start = parseSegmentFileName(first, control.walSegmentSize)?.startLsn ?? 0;
const reader = new WalReader(
  openWalSegments({
    places: [place],
    history: [{ timeline: control.checkpoint.timeline, begin: 0, end: Number.POSITIVE_INFINITY }],
    segmentSize: control.walSegmentSize,
    pageSize: control.walPageSize,
    majorVersion: control.majorVersion,
    systemIdentifier: control.systemIdentifier,
  }),
  { blockSize: control.pageSize },
);
let records = 0;
if (reader.seekFirstRecord(start)) while (reader.next()) records++;
process.stdout.write(`${records} records, ${reader.bytesRead} bytes: ${reader.end?.reason}\n`);
