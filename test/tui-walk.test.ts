/** The whole walk of an operator, on a real incident and a real pseudo-terminal: from nothing to an SQL file of what was lost. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type BuiltIncident, buildIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { CLI } from './support/program.js';
import { type Pty, startPty } from './support/pty-driver.js';
import { scratchDirectory } from './support/scratch.js';

let built: BuiltIncident;
let home: string;

before(async () => {
  home = scratchDirectory('walk');
  built = await buildIncident({
    major: 17,
    walSegmentSizeMb: 1,
    decode: false,
    before: async (old) => {
      await old.query('CREATE TABLE orders (id int PRIMARY KEY, state text, note text)');
      await old.query(`INSERT INTO orders SELECT g, 'open', 'note ' || g FROM generate_series(1, 100) g`);
      await old.query('CREATE TABLE stock (item int PRIMARY KEY, left_over int)');
      await old.query('INSERT INTO stock SELECT g, 10 FROM generate_series(1, 10) g');
    },
    lost: async (old) => {
      for (let id = 1; id <= 40; id++) {
        await old.query(`UPDATE orders SET state = 'paid' WHERE id = ${id}`);
        await old.query(`UPDATE stock SET left_over = left_over - 1 WHERE item = ${(id % 10) + 1}`);
      }
      await old.query(`INSERT INTO orders VALUES (999, E'evil\\x1b[31m', U&'\\202E')`);
    },
  });
});

after(stopAllServers);

function start(args: readonly string[] = [], size = { columns: 80, rows: 24 }): Pty {
  return startPty({
    file: process.execPath,
    args: [CLI, ...args],
    cwd: home,
    env: { XDG_STATE_HOME: join(home, 'state'), HOME: home, PGDATA: built.oldDataDirectory },
    ...size,
  });
}

async function typePath(pty: Pty, path: string): Promise<void> {
  await pty.press('p', 'ctrl-u');
  await pty.type(path);
}

describe('an operator with two real data directories', { timeout: 120_000 }, () => {
  it('walks from nothing to an SQL file of exactly what was chosen', async () => {
    const pty = start();
    // PGDATA is proposed first.
    await pty.see('Which is the OLD primary', `system id`, 'PostgreSQL 17 data directory', 'in production');
    await pty.press('enter');
    await pty.see('Which is the NEW primary');
    await typePath(pty, built.newDataDirectory.slice(0, -2));
    await pty.press('tab');
    await pty.press('enter');
    await pty.see('✓ These two go together', 'OLD  ', 'NEW  ');
    await pty.press('enter');
    await pty.see(
      /fork at 0\/[0-9A-F]+/,
      'OLD primary, timeline 1',
      'NEW primary, timeline 2',
      'LOST  81 transactions',
    );
    await pty.see('81 row changes: +1 ~80 −0', 'all WAL read');
    await pty.press('enter');
    await pty.see('1/81 transactions, commit order');

    await pty.press('/');
    await pty.type('table:orders op:update');
    await pty.press('enter');
    await pty.see('1/40 of 81');
    await pty.press('a');
    await pty.see('40 transactions marked, 40 rows');
    await pty.press('enter');
    await pty.see('UPDATE public.orders', /→ state +open +paid/, /id \(key\) +1 +1/);
    await pty.press('tab');
    await pty.see("UPDATE ONLY public.orders SET state = 'paid' WHERE id = 1;");
    await pty.press('escape', 'e');
    await pty.see('(•) marked (40)', '── preview', '-- 40 transactions');
    await pty.press('pagedown', 'pagedown', 'pagedown');
    await pty.see('BEGIN;');
    const path = join(home, 'lost.sql');
    await pty.press('j', 'j', 'j', 'j', 'j', 'j', 'enter', 'ctrl-u');
    await pty.type(path);
    await pty.press('enter', 'enter');
    await pty.see('✓ Written: 40 transactions, 40 statements', 'sha256');

    const text = readFileSync(path);
    await pty.see(createHash('sha256').update(text).digest('hex'));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(text.toString().match(/^UPDATE /gm)?.length, 40);
    assert.deepEqual(
      readdirSync(home).filter((name) => name.startsWith('lost') || name.includes('tmp')),
      ['lost.sql'],
    );
    const fromCommandLine = execFileSync(
      process.execPath,
      [
        CLI,
        'export',
        built.oldDataDirectory,
        built.newDataDirectory,
        '--guard',
        '--filter',
        'table:orders op:update',
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const body = (sql: Buffer): string => sql.toString().slice(sql.indexOf('\nBEGIN;'));
    assert.equal(body(text), body(fromCommandLine));

    await pty.press('q');
    assert.equal((await pty.ended).exitCode, 0);
  });

  it('loses nothing with the connection: marks, filter and place are offered again', async () => {
    const pty = start([built.oldDataDirectory, built.newDataDirectory]);
    await pty.see('looked at before', '40 marked');
    await pty.press('n');
    await pty.see('LOST  81 transactions');
    await pty.press('enter');
    await pty.see('1/81 transactions');
    await pty.press('G', 'space', 'k', 'space', 'k', ':');
    await pty.type('12:00');
    await pty.press('escape');
    await pty.see('2 transactions marked, 2 rows', '80/81');
    pty.kill('SIGHUP');
    await pty.ended;
    await pty.screen.lines();
    assert.equal(pty.screen.terminal.buffer.active.type, 'normal');

    const again = start([built.oldDataDirectory, built.newDataDirectory], { columns: 200, rows: 50 });
    await again.see('2 marked (2 row changes)');
    await again.press('enter', 'enter');
    await again.see('2 transactions marked, 2 rows', '80/81');
    await again.press('j', 'enter');
    await again.see('evil\\x1b[31m', '\\u202e');
    assert.ok(!again.screen.raw.includes('\u202e'));
    await again.press('ctrl-c');
    assert.equal((await again.ended).signal, constants.signals.SIGINT);
  });

  it('is refused, with a reason, what is no incident', async () => {
    const pty = start([built.oldDataDirectory, built.oldDataDirectory]);
    await pty.see('both sides are the same directory', 'Which is the NEW primary');
    await typePath(pty, '/usr');
    await pty.press('enter');
    await pty.see('not a data directory');
    await pty.press('ctrl-c');
    assert.equal((await pty.ended).signal, constants.signals.SIGINT);
  });
});
