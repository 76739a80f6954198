/** What a directory that is picked for a side is, and what is wrong with it. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { completePath, proposeDataDirectories } from '../source/timeline/find-directories.js';
import { probeDataDirectory } from '../source/timeline/probe.js';
import { scratchDirectory } from './support/scratch.js';

const scratch = scratchDirectory('probe');
after(() => rmSync(scratch, { recursive: true, force: true }));

describe('bad input', () => {
  const refusal = (path: string): string => {
    const probe = probeDataDirectory(path);
    return probe.ok ? assert.fail(`${path} was taken`) : probe.reason;
  };
  const directory = (name: string, files: Readonly<Record<string, string>> = {}): string => {
    const path = join(scratch, 'bad', name);
    mkdirSync(path, { recursive: true });
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(join(path, file, '..'), { recursive: true });
      writeFileSync(join(path, file), content);
    }
    return path;
  };

  test('each directory that is no side says why', () => {
    assert.match(refusal(join(scratch, 'nothing')), /nothing does not exist/);
    assert.match(refusal(join(directory('file', { a: '' }), 'a')), /is a file, not a directory/);
    assert.match(refusal(directory('empty')), /neither PG_VERSION nor WAL segments/);
    assert.match(
      refusal(directory('gz', { '000000010000000000000001.gz': 'x' })),
      /named like WAL segments, but none is one: 000000010000000000000001: truncated/,
    );
    directory('outer/15', { PG_VERSION: '15\n' });
    assert.match(refusal(join(scratch, 'bad', 'outer')), /look at .*outer\/15/);
    assert.match(refusal(directory('old', { PG_VERSION: '9.6\n' })), /unsupported version "9.6": .*10 to 18/);
    assert.match(refusal(directory('future', { PG_VERSION: '19\n' })), /unsupported version "19"/);
    assert.match(refusal(directory('bare', { PG_VERSION: '15\n' })), /global is missing/);
    assert.match(refusal(directory('nowal', { PG_VERSION: '15\n', 'global/x': '' })), /pg_wal is missing/);
    assert.match(
      refusal(directory('nocontrol', { PG_VERSION: '15\n', 'global/x': '', 'pg_wal/x': '' })),
      /global\/pg_control does not exist/,
    );
    const linked = directory('linked', { PG_VERSION: '15\n', 'global/pg_control': 'x' });
    symlinkSync(join(scratch, 'gone'), join(linked, 'pg_wal'));
    assert.match(refusal(linked), /pg_control is damaged: it has 1 bytes/);
    assert.match(
      refusal(directory('notwal', { '000000010000000000000001': 'x'.repeat(100) })),
      /named like WAL segments, but none is one: .*invalid magic number 7878/,
    );
  });

  test('permission denied names the file', {
    skip: process.getuid?.() === 0 && 'root may read everything',
  }, () => {
    const path = directory('closed', { PG_VERSION: '15\n' });
    rmSync(join(path, 'PG_VERSION'));
    writeFileSync(join(path, 'PG_VERSION'), '15', { mode: 0 });
    assert.match(refusal(path), /no permission to read .*PG_VERSION/);
  });

  test('paths are proposed and completed', () => {
    const base = directory('paths');
    directory('paths/data1', { PG_VERSION: '15\n' });
    directory('paths/data2');
    directory('paths/.hidden');
    assert.deepEqual(
      proposeDataDirectories({}, base).filter((path) => path.startsWith(base)),
      [join(base, 'data1')],
    );
    assert.deepEqual(proposeDataDirectories({ PGDATA: join(base, 'data1') }, '/')[0], join(base, 'data1'));
    assert.deepEqual(completePath(`${base}/da`, '/', '/'), [`${base}/data1`, `${base}/data2`]);
    assert.deepEqual(completePath('da', '/', base), ['data1', 'data2']);
    assert.deepEqual(completePath('~/', base, '/'), ['~/data1', '~/data2']);
    assert.deepEqual(completePath('.h', '/', base), ['.hidden']);
    assert.deepEqual(completePath('/no/such/', '/', '/'), []);
  });
});
