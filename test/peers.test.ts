/** WAL that a peer still has: a running server, through SQL or through replication, with as few privileges as will do. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import { PeerServer, type WantedNode } from '../source/gather/peer-server.js';
import { readControlFile } from '../source/timeline/control-file.js';
import { parseSegmentFileName } from '../source/wal/segment-name.js';
import { WalSpool } from '../source/wal/spool.js';
import type { BuiltIncident } from './servers/incident.js';
import { initdb, type Server, stopAllServers } from './servers/server.js';
import { CLI } from './support/program.js';
import { scratchDirectory } from './support/scratch.js';
import { buildWalIncident, copyOfOld, moveAway, type ReadLoss, readLoss } from './support/wal-incident.js';

after(stopAllServers);

function urlOf(server: Server, user: string, database = 'postgres'): string {
  return `postgres://${user}@/${database}?host=${encodeURIComponent(server.socketDirectory)}&port=${server.port}`;
}

function nodeOf(server: Server): WantedNode {
  const { systemIdentifier, majorVersion, walSegmentSize } = readControlFile(server.dataDirectory);
  return { systemIdentifier, majorVersion, segmentSize: walSegmentSize };
}

const ROLES = `
  CREATE ROLE nobody_in_particular LOGIN;
  CREATE ROLE streamer LOGIN REPLICATION;
  CREATE ROLE reader LOGIN;
  GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint) TO reader;
  CREATE ROLE monitoring_reader LOGIN;
  GRANT pg_monitor TO monitoring_reader;
  GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint, boolean) TO monitoring_reader;
`;

describe('an incident whose WAL only a peer still has', { timeout: 180_000 }, () => {
  let built: BuiltIncident;
  let whole: ReadLoss;
  let peer: Server;
  let old: string;
  let inner: string[];

  before(async () => {
    built = await buildWalIncident();
    whole = await readLoss({ old: built.oldDataDirectory, new: built.newDataDirectory });
    inner = whole.overview.old.segments
      .filter(({ startLsn }) => startLsn + 1024 * 1024 > built.fork)
      .map(({ fileName }) => fileName)
      .slice(1, -1);
    old = copyOfOld(built);
    moveAway(old, inner);
    // Another node of the same history; a recovered copy of the old primary stands for it.
    peer = await built.startOld();
    await peer.query(ROLES);
  });

  for (const [role, way] of [
    ['monitoring_reader', 'SQL, with the names of its files'],
    ['reader', 'SQL, without'],
    ['streamer', 'replication alone'],
  ]) {
    it(`is whole again through ${way}`, async () => {
      const url = urlOf(peer, role);
      const temp = scratchDirectory('temp');
      const read = await readLoss({ old, new: built.newDataDirectory, oldWal: [url], tempDir: temp });
      assert.deepEqual(read.transactions, whole.transactions);
      assert.equal(read.incomplete, false);
      const fetched = read.overview.old.segments.filter(({ fileName }) => inner.includes(fileName));
      assert.deepEqual([...new Set(fetched.map(({ place }) => place))], [url]);
      assert.deepEqual(read.overview.gaps, []);
      assert.deepEqual(readdirSync(temp), [], 'what was fetched is gone');
    });
  }

  it('says to a role that may do nothing what it would need', async () => {
    const url = urlOf(peer, 'nobody_in_particular');
    await assert.rejects(readLoss({ old, new: built.newDataDirectory, oldWal: [url] }), (error) => {
      assert.ok(error instanceof ForkpointError);
      assert.match(error.complaint.what, /may not execute pg_read_binary_file\(\).*replication/s);
      assert.match(error.complaint.next ?? '', /GRANT EXECUTE.*pg_monitor.*REPLICATION/s);
      return true;
    });
  });

  it('is not helped by a server of another cluster, whoever asks', async () => {
    const other = await (await initdb(17, { walSegmentSizeMb: 1 })).start();
    await other.query(ROLES);
    for (const role of ['postgres', 'streamer'])
      await assert.rejects(
        readLoss({ old, new: built.newDataDirectory, oldWal: [urlOf(other, role)] }),
        /of another cluster: its system identifier is/,
      );
    await assert.rejects(
      readLoss({ old, new: built.newDataDirectory, oldWal: [other.dataDirectory] }),
      /this data directory is of another cluster/,
    );
    await other.stop();
  });

  it('is told from the command line, without a password anywhere', () => {
    const url = urlOf(peer, 'reader:secret');
    const { status, stdout } = spawnSync(
      process.execPath,
      [CLI, 'inspect', old, built.newDataDirectory, '--json', '--old-wal', url],
      { encoding: 'utf8' },
    );
    assert.equal(status, 0);
    const { coverage, lost } = JSON.parse(stdout);
    assert.equal(lost.transactions, whole.transactions.length);
    assert.deepEqual(coverage.old.missing, []);
    const places = new Set(coverage.old.segments.map(({ place }: { place: string }) => place));
    assert.equal(places.size, 2);
    assert.ok(!stdout.includes('secret'));
  });

  it('says which segments the peer has lost too', async () => {
    const wal = join(peer.dataDirectory, 'pg_wal');
    assert.ok(readdirSync(wal).includes(inner[1]));
    const { renameSync } = await import('node:fs');
    renameSync(join(wal, inner[1]), join(wal, `${inner[1]}.away`));
    try {
      for (const role of ['reader', 'streamer']) {
        const read = await readLoss({ old, new: built.newDataDirectory, oldWal: [urlOf(peer, role)] });
        assert.equal(read.incomplete, true);
        assert.deepEqual(read.transactions, whole.transactions.slice(0, read.transactions.length));
        const [gap] = read.overview.gaps;
        assert.equal(gap.first, inner[1]);
        assert.match(gap.givesBack.join('; '), /every transaction that it committed after/);
        assert.match(
          read.overview.warnings.join('\n'),
          role === 'reader' ? /it has no 0000/ : /requested WAL segment .* has already been removed/,
        );
      }
    } finally {
      renameSync(join(wal, `${inner[1]}.away`), join(wal, inner[1]));
    }
  });
});

for (const major of [10, 11, 14, 18]) {
  describe(`a running server of PostgreSQL ${major}`, { timeout: 120_000 }, () => {
    it('gives the same bytes through SQL and through replication', async () => {
      const server = await (await initdb(major)).start();
      await server.query(
        `CREATE ROLE streamer LOGIN REPLICATION; CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 20000) g`,
      );
      const [{ name }] = await server.query('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name');
      await server.query('SELECT pg_switch_wal()');
      await server.query('CREATE TABLE u (a int)');
      const node = nodeOf(server);
      const { timeline, startLsn } = parseSegmentFileName(name, node.segmentSize)!;
      const expected = readFileSync(join(server.dataDirectory, 'pg_wal', name));
      const [{ current }] = await server.query('SELECT pg_walfile_name(pg_current_wal_lsn()) AS current');
      const spool = new WalSpool();
      for (const user of ['postgres', 'streamer']) {
        const peer = await PeerServer.open(urlOf(server, user), node, spool);
        const answer = await peer.fetch({ fileName: name, timeline, startLsn });
        assert.ok('path' in answer, JSON.stringify(answer));
        assert.ok(readFileSync(answer.path).equals(expected), user);
        assert.equal(peer.names().includes(name), user === 'postgres');
        // The segment it writes now: as far as it has come.
        const now = await peer.fetch({
          fileName: current,
          timeline,
          startLsn: parseSegmentFileName(current, node.segmentSize)!.startLsn,
        });
        assert.ok('path' in now, JSON.stringify(now));
        const later = {
          fileName: name.replace(/.{8}$/, '000000F0'),
          timeline,
          startLsn: 0xf0 * node.segmentSize,
        };
        assert.ok('reason' in (await peer.fetch(later)));
        await peer.close();
      }
      spool.close();
      await server.stop();
    });
  });
}
