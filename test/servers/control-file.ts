/** Changes a stopped cluster's global/pg_control, and gives it the checksum of its new bytes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../source/bytes/crc32c.js';
import { readControlFile } from '../../source/timeline/control-file.js';
import { CONTROL_FILE_LAYOUTS } from '../../source/timeline/control-file-layout.js';

/** `change` gets the whole file's bytes. */
export function changeControlFile(dataDirectory: string, change: (bytes: Buffer) => void): void {
  const { controlVersion } = readControlFile(dataDirectory);
  const path = join(dataDirectory, 'global', 'pg_control');
  const bytes = readFileSync(path);
  change(bytes);
  const crcAt = CONTROL_FILE_LAYOUTS.get(controlVersion)!.get('crc')!.offset;
  bytes.writeUInt32LE(crc32c(bytes, 0, crcAt), crcAt);
  writeFileSync(path, bytes);
}
