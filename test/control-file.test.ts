/** Control files of every major, and damaged ones. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { formatLsn } from '../source/bytes/lsn.js';
import { parseControlFile, readControlFile } from '../source/timeline/control-file.js';
import { probeDataDirectory } from '../source/timeline/probe.js';
import { initdb } from './servers/server.js';
import { complaint } from './support/sentences.js';

const MIB = 1024 * 1024;

describe('control files', () => {
  for (const major of [10, 11, 12, 13, 14, 15, 16, 17, 18]) {
    test(`of ${major}`, async () => {
      const server = await initdb(major, { walSegmentSizeMb: major > 10 ? 4 : undefined });
      const control = readControlFile(server.dataDirectory);
      assert.equal(control.majorVersion, major);
      assert.equal(control.state, 'shut down');
      assert.equal(control.walSegmentSize, (major > 10 ? 4 : 16) * MIB);
      assert.equal(control.dataChecksumVersion, 1);
      await server.start();
      const [row] = await server.query<Record<string, string>>(
        `SELECT s.system_identifier::text, s.catalog_version_no::text, c.checkpoint_lsn::text, c.redo_lsn::text,
                c.timeline_id::text, c.next_xid, c.next_oid::text, c.oldest_xid::text, c.oldest_active_xid::text,
                extract(epoch FROM c.checkpoint_time)::bigint::text AS time,
                i.max_toast_chunk_size::text AS toast, i.database_block_size::text AS page
           FROM pg_control_system() s, pg_control_checkpoint() c, pg_control_init() i`,
      );
      const running = readControlFile(server.dataDirectory);
      assert.equal(running.state, 'in production');
      assert.equal(running.systemIdentifier, row.system_identifier);
      assert.equal(String(running.catalogVersion), row.catalog_version_no);
      assert.equal(formatLsn(running.checkpointLsn), row.checkpoint_lsn);
      assert.equal(formatLsn(running.checkpoint.redoLsn), row.redo_lsn);
      assert.equal(String(running.checkpoint.timeline), row.timeline_id);
      assert.equal(`${running.checkpoint.nextXidEpoch}:${running.checkpoint.nextXid}`, row.next_xid);
      assert.equal(String(running.checkpoint.nextOid), row.next_oid);
      assert.equal(String(running.checkpoint.oldestXid), row.oldest_xid);
      assert.equal(String(running.checkpoint.oldestActiveXid), row.oldest_active_xid);
      assert.equal(String(running.checkpoint.time / 1e6 + 946_684_800), row.time);
      assert.equal(String(running.toastChunkSize), row.toast);
      assert.equal(String(running.pageSize), row.page);
      const probe = probeDataDirectory(server.dataDirectory);
      assert.ok(
        probe.ok && probe.running && probe.warnings.some((text) => text.includes('A server is running')),
      );
      await server.stop('immediate');
      assert.equal(readControlFile(server.dataDirectory).state, 'in production');
      const crashed = probeDataDirectory(server.dataDirectory);
      assert.ok(crashed.ok && crashed.running === undefined);

      const bytes = readFileSync(join(server.dataDirectory, 'global', 'pg_control'));
      for (const at of [0, 17, 100, 250]) {
        const broken = Buffer.from(bytes);
        broken[at] ^= 1;
        assert.match(
          complaint(() => parseControlFile(broken, 'pg_control')),
          /is damaged: its CRC is [0-9A-F]{8}/,
        );
      }
      const unknown = Buffer.from(bytes);
      unknown.writeUInt32LE(1900, 8);
      assert.match(
        complaint(() => parseControlFile(unknown, 'x')),
        /version number 1900 is unknown/,
      );
      unknown.writeUInt32BE(bytes.readUInt32LE(8), 8);
      assert.match(
        complaint(() => parseControlFile(unknown, 'x')),
        /other byte order/,
      );
    });
  }
});
