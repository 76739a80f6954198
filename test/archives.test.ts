/** Segments as archives keep them: packed, renamed, in subdirectories, half-copied, and in two places that do not agree. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { CorruptDatumError } from '../source/bytes/corrupt-datum.js';
import { LZ4_FRAME_MAGIC } from '../source/bytes/lz4-frame.js';
import { xxHash32 } from '../source/bytes/xxhash32.js';
import { parseArchivedName } from '../source/wal/archive-name.js';
import { unpackFile } from '../source/wal/compressed-file.js';
import type { BuiltIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { scratchDirectory } from './support/scratch.js';
import {
  buildWalIncident,
  copyOfOld,
  LOST_TRANSACTIONS,
  moveAway,
  type ReadLoss,
  readLoss,
  segmentsOf,
} from './support/wal-incident.js';

let built: BuiltIncident;
let whole: ReadLoss;
/** Segments that hold lost transactions only, neither the first nor the last. */
let inner: string[];

before(async () => {
  built = await buildWalIncident();
  whole = await readLoss({ old: built.oldDataDirectory, new: built.newDataDirectory });
  assert.equal(whole.incomplete, false);
  assert.equal(whole.transactions.length, LOST_TRANSACTIONS);
  const forkSegment = whole.overview.old.segments.findIndex(
    ({ startLsn }) => startLsn <= built.fork && built.fork < startLsn + 1024 * 1024,
  );
  const lostSegments = whole.overview.old.segments.slice(forkSegment).map(({ fileName }) => fileName);
  assert.ok(lostSegments.length >= 4, lostSegments.join(' '));
  inner = lostSegments.slice(1, -1);
});

after(stopAllServers);

function hasTool(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Packs every file of a directory and removes the plain ones. */
function packAll(archive: string, pack: (path: string) => void): void {
  for (const name of readdirSync(archive)) {
    pack(join(archive, name));
    if (existsSync(join(archive, name))) rmSync(join(archive, name));
  }
}

const PACKERS: readonly { tool: string; args: (path: string) => string[] }[] = [
  { tool: 'gzip', args: (path) => [path] },
  { tool: 'zstd', args: (path) => ['-q', '--rm', path] },
  { tool: 'zstd', args: (path) => ['-q', '--rm', '--long=23', '--ultra', '-20', path] },
  { tool: 'lz4', args: (path) => ['-q', '--rm', path, `${path}.lz4`] },
  {
    tool: 'lz4',
    args: (path) => ['-q', '--rm', '-9', '-B4', '-BD', '-BX', '--content-size', path, `${path}.lz4`],
  },
  { tool: 'lz4', args: (path) => ['-q', '--rm', '--no-frame-crc', '-B5', path, `${path}.lz4`] },
];

describe('an archive whose segments are packed', { timeout: 120_000 }, () => {
  it('gives the same loss when Node packed them', async () => {
    const old = copyOfOld(built);
    const archive = moveAway(old, inner);
    packAll(archive, (path) => writeFileSync(`${path}.gz`, gzipSync(readFileSync(path))));
    const read = await readLoss({ old, new: built.newDataDirectory, oldWal: [archive] });
    assert.deepEqual(read.transactions, whole.transactions);
    assert.equal(read.incomplete, false);
    const sources = read.overview.old.segments.filter(({ fileName }) => inner.includes(fileName));
    assert.deepEqual(
      sources.map(({ path, state }) => [path, state]),
      inner.map((name) => [join(archive, `${name}.gz`), 'present']),
    );
  });

  for (const { tool, args } of PACKERS) {
    it(`gives the same loss when ${tool} ${args('FILE').join(' ')} packed them`, async (t) => {
      if (!hasTool(tool)) return t.skip(`no ${tool} here`);
      const old = copyOfOld(built);
      const archive = moveAway(old, inner);
      packAll(archive, (path) => execFileSync(tool, args(path)));
      const read = await readLoss({ old, new: built.newDataDirectory, oldWal: [archive] });
      assert.deepEqual(read.transactions, whole.transactions);
      assert.equal(read.incomplete, false);
    });
  }

  it('is understood under the names that pgBackRest, barman, wal-g and pg_receivewal give', async () => {
    const old = copyOfOld(built);
    const archive = moveAway(old, inner);
    const stanza = join(archive, '17-1', inner[0].slice(0, 16));
    const barman = join(archive, inner[0].slice(0, 16));
    const walg = join(archive, 'wal_005');
    for (const directory of [stanza, barman, walg]) mkdirSync(directory, { recursive: true });
    inner.forEach((name, at) => {
      const path = join(archive, name);
      const packed = gzipSync(readFileSync(path));
      rmSync(path);
      const checksum = 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3';
      const named = [
        join(stanza, `${name}-${checksum}.gz`),
        // barman keeps the name and packs the contents.
        join(barman, name),
        join(walg, `${name}.gz`),
        join(archive, `${name}.gz.partial`),
      ];
      writeFileSync(named[at % named.length], packed);
    });
    const read = await readLoss({ old, new: built.newDataDirectory, oldWal: [archive] });
    assert.deepEqual(read.transactions, whole.transactions);
    assert.equal(read.incomplete, false);
  });

  it('is read behind a symbolic link, and as the pg_wal of a data directory that was moved away', async () => {
    const old = copyOfOld(built);
    const elsewhere = join(scratchDirectory('elsewhere'), 'wal');
    renameSync(join(old, 'pg_wal'), elsewhere);
    symlinkSync(elsewhere, join(old, 'pg_wal'));
    const linked = await readLoss({ old, new: built.newDataDirectory });
    assert.deepEqual(linked.transactions, whole.transactions);

    const half = copyOfOld(built);
    moveAway(half, inner);
    // Another node's data directory is a place: its pg_wal is used.
    const peer = await readLoss({ old: half, new: built.newDataDirectory, oldWal: [built.oldDataDirectory] });
    assert.deepEqual(peer.transactions, whole.transactions);
    assert.equal(peer.incomplete, false);
  });

  it('says of bzip2 and xz files what they are and what to do, and calls the loss incomplete', async () => {
    const old = copyOfOld(built);
    const archive = moveAway(old, inner);
    const magic = { bz2: 'BZh91AY&SY', xz: '\xfd7zXZ\0\0\x04' };
    packAll(archive, (path) => writeFileSync(`${path}.bz2`, Buffer.from(magic.bz2, 'latin1')));
    writeFileSync(join(archive, `${inner[1]}.xz`), Buffer.from(magic.xz, 'latin1'));
    const read = await readLoss({ old, new: built.newDataDirectory, oldWal: [archive] });
    assert.equal(read.incomplete, true);
    assert.match(read.overview.warnings.join('\n'), /compressed with bzip2.*bunzip2 -k/s);
  });

  it('recognises a half-copied file, and one whose contents are damaged', async () => {
    const old = copyOfOld(built);
    const archive = moveAway(old, inner);
    packAll(archive, (path) => writeFileSync(`${path}.gz`, gzipSync(readFileSync(path))));
    const broken = join(archive, `${inner[1]}.gz`);
    const bytes = readFileSync(broken);
    writeFileSync(broken, bytes.subarray(0, bytes.length / 2));
    const cut = await readLoss({ old, new: built.newDataDirectory, oldWal: [archive] });
    assert.equal(cut.incomplete, true);
    assert.deepEqual(cut.transactions, whole.transactions.slice(0, cut.transactions.length));

    const flipped = Buffer.from(bytes);
    flipped[bytes.length - 6] ^= 0x40;
    writeFileSync(broken, flipped);
    const damaged = await readLoss({ old, new: built.newDataDirectory, oldWal: [archive] });
    assert.equal(damaged.incomplete, true);
    assert.match(damaged.overview.warnings.join('\n'), /cannot be unpacked.*incorrect data check/s);
    assert.deepEqual(damaged.transactions, whole.transactions.slice(0, damaged.transactions.length));
  });

  it('leaves nothing in the temporary directory, and what it puts there is private', async () => {
    const { openIncident } = await import('../source/incident/open.js');
    const old = copyOfOld(built);
    const archive = moveAway(old, inner);
    packAll(archive, (path) => writeFileSync(`${path}.gz`, gzipSync(readFileSync(path))));
    const tempDir = scratchDirectory('temp');
    const incident = await openIncident({ old, new: built.newDataDirectory, oldWal: [archive], tempDir });
    while (incident.step(1000));
    const [spool] = readdirSync(tempDir).filter((name) => name.startsWith('forkpoint-wal-'));
    assert.equal(statSync(join(tempDir, spool)).mode & 0o777, 0o700);
    for (const name of readdirSync(join(tempDir, spool)))
      assert.equal(statSync(join(tempDir, spool, name)).mode & 0o777, 0o600);
    incident.close();
    assert.deepEqual(readdirSync(tempDir), []);
  });
});

/** Overwrites bytes of a file. */
function scribble(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

describe('two places that hold the same segment', { timeout: 120_000 }, () => {
  it('agree: nothing is said', async () => {
    const old = copyOfOld(built);
    const archive = scratchDirectory('archive');
    for (const name of segmentsOf(old))
      writeFileSync(join(archive, `${name}.gz`), gzipSync(readFileSync(join(old, 'pg_wal', name))));
    const read = await readLoss({ old, new: built.newDataDirectory, oldWal: [archive] });
    assert.deepEqual(read.transactions, whole.transactions);
    assert.deepEqual(read.overview.old.disagreements, []);
    assert.equal(read.incomplete, false);
  });

  it('where one copy is damaged, the other is read, and that is said', async () => {
    const old = copyOfOld(built);
    const archive = scratchDirectory('archive');
    const name = inner[1];
    copyFileSync(join(old, 'pg_wal', name), join(archive, name));
    scribble(join(old, 'pg_wal', name), 5 * 8192 + 3000, Buffer.alloc(600, 0x5a));
    const read = await readLoss({ old, new: built.newDataDirectory, oldWal: [archive] });
    assert.deepEqual(read.transactions, whole.transactions);
    assert.equal(read.incomplete, false);
    const [told] = read.overview.old.disagreements;
    assert.equal(told.kind, 'damaged');
    assert.equal(told.fileName, name);
    assert.equal(told.taken, join(archive, name));
    assert.match(read.overview.old.warnings.join('\n'), new RegExp(`${name}.*differ.*damaged`, 's'));
  });

  it('where one copy is cut short or only half-written, the whole one is read without a word', async () => {
    const old = copyOfOld(built);
    const archive = scratchDirectory('archive');
    for (const name of inner) copyFileSync(join(old, 'pg_wal', name), join(archive, name));
    truncateSync(join(old, 'pg_wal', inner[0]), 7 * 8192 + 100);
    scribble(join(old, 'pg_wal', inner[1]), 512 * 1024, Buffer.alloc(512 * 1024));
    const read = await readLoss({ old, new: built.newDataDirectory, oldWal: [archive] });
    assert.deepEqual(read.transactions, whole.transactions);
    assert.equal(read.incomplete, false);
  });

  it('where both hold valid WAL of different histories, it is an incident of its own', async () => {
    // The new primary's segment at the fork is the old one's up to there, and another history's behind.
    const segment = whole.overview.old.segments.find(
      ({ startLsn }) => startLsn <= built.fork && built.fork < startLsn + 1024 * 1024,
    )!;
    const other = readdirSync(join(built.newDataDirectory, 'pg_wal')).find(
      (name) => name.startsWith('00000002') && name.slice(8) === segment.fileName.slice(8),
    )!;
    const archive = scratchDirectory('archive');
    const foreign = readFileSync(join(built.newDataDirectory, 'pg_wal', other));
    // As if both had gone on under the same number: the pages say timeline 1.
    for (let page = 0; page < foreign.length; page += 8192)
      if (foreign.readUInt32LE(page + 4) === 2) foreign.writeUInt32LE(1, page + 4);
    writeFileSync(join(archive, segment.fileName), foreign);
    const read = await readLoss({
      old: built.oldDataDirectory,
      new: built.newDataDirectory,
      oldWal: [archive],
      fork: built.fork,
    });
    assert.deepEqual(read.transactions, whole.transactions, 'its own pg_wal comes first');
    const [told] = read.overview.old.disagreements;
    assert.equal(told.kind, 'conflict');
    assert.ok(told.lsn >= built.fork && told.lsn < built.fork + 200, String(told.lsn));
    assert.equal(told.other, join(archive, segment.fileName));
    assert.equal(read.incomplete, true);
    assert.match(read.overview.warnings.join('\n'), /do not agree/);
  });
});

describe('names of files in an archive', () => {
  it('are told from those that are no segments', () => {
    const segment = '00000002000000A1000000FE';
    for (const name of [segment, `${segment}.gz`, `${segment}.zst`, `${segment}-${'0'.repeat(40)}.lz4`])
      assert.equal(parseArchivedName(name)?.segment, segment, name);
    for (const name of [`${segment}.partial`, `${segment}.gz.partial`, `${segment}.partial.gz`])
      assert.equal(parseArchivedName(name)?.segment, `${segment}.partial`, name);
    for (const name of [
      `${segment}.00000028.backup`,
      `${segment}.ready`,
      `${segment}.done`,
      `${segment}.tmp`,
      '00000002.history',
      '00000002.history.gz',
      segment.toLowerCase(),
      `${segment}0`,
    ])
      assert.equal(parseArchivedName(name), undefined, name);
  });
});

describe('files in lz4 frames', () => {
  it('have checksums that are the reference implementation’s', () => {
    // Test vectors of the xxHash specification's sanity checks, and of known strings.
    assert.equal(xxHash32(Buffer.alloc(0)), 0x02cc5d05);
    assert.equal(xxHash32(Buffer.from('abc')), 0x32d153ff);
    assert.equal(xxHash32(Buffer.from('Nobody inspects the spammish repetition')), 0xe2293b2f);
  });

  /** A frame of stored blocks with every checksum there is. */
  function frame(content: Buffer, blockLength: number): Buffer {
    const descriptor = Buffer.from([0x40 | 0x20 | 0x10 | 0x04, 0x40]);
    const parts: Buffer[] = [Buffer.alloc(4), descriptor, Buffer.from([(xxHash32(descriptor) >>> 8) & 0xff])];
    parts[0].writeUInt32LE(LZ4_FRAME_MAGIC);
    for (let at = 0; at < content.length; at += blockLength) {
      const block = content.subarray(at, at + blockLength);
      const around = Buffer.alloc(8);
      around.writeUInt32LE((block.length | 0x8000_0000) >>> 0, 0);
      around.writeUInt32LE(xxHash32(block), 4);
      parts.push(around.subarray(0, 4), block, around.subarray(4));
    }
    const end = Buffer.alloc(8);
    end.writeUInt32LE(xxHash32(content), 4);
    return Buffer.concat([...parts, end]);
  }

  function unpack(bytes: Uint8Array): { content: Buffer; cutShort: boolean } {
    const directory = scratchDirectory('lz4');
    writeFileSync(join(directory, 'packed'), bytes);
    const { cutShort } = unpackFile(join(directory, 'packed'), join(directory, 'plain'), 'lz4', 1 << 20);
    return { content: readFileSync(join(directory, 'plain')), cutShort };
  }

  it('unpack to what they hold; any flipped bit is noticed; a cut file gives what there is', () => {
    const content = Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * 7919) % 251));
    const packed: Buffer = frame(content, 1000);
    assert.deepEqual(unpack(packed), { content, cutShort: false });
    for (let at = 4; at < packed.length; at += 13) {
      const flipped = Buffer.from(packed);
      flipped[at] ^= 1 << (at % 8);
      try {
        const { content: got, cutShort } = unpack(flipped);
        // A length that became longer looks like a file that was cut.
        assert.ok(cutShort, `byte ${at}`);
        assert.deepEqual(got, content.subarray(0, got.length));
      } catch (error) {
        assert.ok(error instanceof CorruptDatumError, String(error));
      }
    }
    const cut = unpack(packed.subarray(0, 2500));
    assert.equal(cut.cutShort, true);
    assert.deepEqual(cut.content, content.subarray(0, 2000));
    assert.deepEqual(unpack(Buffer.concat([packed, packed])).content, Buffer.concat([content, content]));
  });

  it('give no more than a segment, however much they promise', () => {
    const packed = gzipSync(Buffer.alloc(4 << 20));
    assert.equal(gunzipSync(packed).length, 4 << 20);
    const directory = scratchDirectory('bomb');
    writeFileSync(join(directory, 'packed'), packed);
    assert.throws(
      () => unpackFile(join(directory, 'packed'), join(directory, 'plain'), 'gzip', 1 << 20),
      /more than the 1048576 bytes of a segment/,
    );
  });
});

describe('damage before the fork, where both nodes share every byte', { timeout: 120_000 }, () => {
  const MIB = 1024 * 1024;

  /** Breaks bytes of the old primary's WAL at an LSN. */
  function breakAt(old: string, lsn: number, length: number): string {
    const start = lsn - (lsn % MIB);
    const { fileName } = whole.overview.old.segments.find((segment) => segment.startLsn === start)!;
    scribble(join(old, 'pg_wal', fileName), lsn - start, Buffer.alloc(length, 0xa5));
    return fileName;
  }

  it('is mended from the new primary, in the segment of the fork too, and said', async () => {
    const forkSegment = built.fork - (built.fork % MIB);
    for (const at of [forkSegment - 500_000, forkSegment + Math.floor((built.fork - forkSegment) / 2)]) {
      const old = copyOfOld(built);
      const fileName = breakAt(old, at, 900);
      const read = await readLoss({ old, new: built.newDataDirectory });
      assert.deepEqual(read.transactions, whole.transactions, fileName);
      assert.equal(read.incomplete, false);
      const told = read.overview.old.disagreements.find((each) => each.fileName === fileName)!;
      assert.equal(told.kind, 'damaged');
      assert.ok(told.taken.startsWith(built.newDataDirectory), told.taken);
      assert.ok(told.lsn >= at && told.lsn < at + 900);
      assert.match(read.overview.old.warnings.join('\n'), /before the fork both nodes share every byte/);
    }
  });

  it('is not mended behind the fork, where nobody else has what was lost', async () => {
    const old = copyOfOld(built);
    breakAt(old, built.fork + 300_000, 900);
    const read = await readLoss({ old, new: built.newDataDirectory });
    assert.equal(read.incomplete, true);
    assert.deepEqual(read.transactions, whole.transactions.slice(0, read.transactions.length));
    assert.equal(read.overview.gaps[0].state, 'damaged');
  });
});

describe('an old primary of which only a packed archive is left', { timeout: 120_000 }, () => {
  it('is read out of it, histories in subdirectories and all', async () => {
    const archive = scratchDirectory('archive');
    const below = join(archive, whole.overview.old.segments[0].fileName.slice(0, 16));
    mkdirSync(below);
    const wal = join(built.oldDataDirectory, 'pg_wal');
    for (const name of segmentsOf(built.oldDataDirectory))
      writeFileSync(join(below, `${name}.gz`), gzipSync(readFileSync(join(wal, name))));
    const read = await readLoss({ old: archive, new: built.newDataDirectory });
    assert.equal(read.overview.old.kind, 'wal-directory');
    assert.equal(read.transactions.length, whole.transactions.length);
    const xidOf = (line: string): unknown => JSON.parse(line)[0];
    assert.deepEqual(read.transactions.map(xidOf), whole.transactions.map(xidOf));

    // The new side's history, packed, in a place of its own.
    const fresh = join(scratchDirectory('new'), 'data');
    execFileSync('cp', ['-a', built.newDataDirectory, fresh]);
    const history = join(fresh, 'pg_wal', '00000002.history');
    const place = scratchDirectory('histories');
    writeFileSync(join(place, '00000002.history.gz'), gzipSync(readFileSync(history)));
    rmSync(history);
    const found = await readLoss({ old: built.oldDataDirectory, new: fresh, newWal: [place] });
    assert.deepEqual(found.transactions, whole.transactions);
    assert.deepEqual(found.overview.new.warnings, []);
  });
});
