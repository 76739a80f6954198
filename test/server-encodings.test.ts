/**
 * Databases that are not UTF-8: names and values of every byte they can hold come back as the same bytes, through a file that is UTF-8.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { buildIncident, serverHashes } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { everythingLost, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';

after(stopAllServers);

const MAJORS = majors(12, 18);

/** Encodings, a name in each, and hexadecimal texts in its bytes. */
const ENCODINGS: Readonly<Record<string, { readonly name: string; readonly texts: readonly string[] }>> = {
  LATIN1: { name: 'prénom', texts: ['e9e8fffe', '61ad62', '619b33316d62', '85', 'a0'] },
  WIN1251: { name: 'имя', texts: ['c0c1ffb8', '61ad62', 'a0'] },
  WIN1256: { name: 'اسم', texts: ['c7d3e3', '61fd62fe63', '9d9e'] },
  EUC_JP: { name: '名前', texts: ['c6fccbdc', '8fb0a1', '8eb1'] },
  EUC_KR: { name: '이름', texts: ['c0ccb8a7', 'b0a1', 'a1a9'] },
  SQL_ASCII: { name: 'plain', texts: ['e9', 'c3a9', 'ff', '61e227e25c', '80818283', 'e280ae'] },
};

for (const major of MAJORS) {
  for (const [encoding, { name, texts }] of Object.entries(ENCODINGS)) {
    describe(`${encoding} on PostgreSQL ${major}`, { timeout: 120_000 }, () => {
      test('names and values come back as the same bytes, redone, guarded and undone', async () => {
        const table = `"t ${name}"`;
        const decoded = (hex: string) => `convert_from('\\x${hex}'::bytea, getdatabaseencoding())`;
        const built = await buildIncident({
          major,
          encoding,
          decode: false,
          before: async (old) => {
            await old.query(
              `CREATE TABLE ${table} (id int PRIMARY KEY, "${name}" text, keyed text UNIQUE, list text[], document jsonb, label name);
               CREATE TYPE "type ${name}" AS ENUM ('${name}', 'other'); CREATE TABLE e (v "type ${name}" PRIMARY KEY, w varchar(20))`,
            );
            for (const [i, hex] of texts.entries())
              await old.query(
                `INSERT INTO ${table} VALUES (${i}, ${decoded(hex)}, ${decoded(hex)} || '${i}', ARRAY[${decoded(hex)}], '{}', 'x')`,
              );
          },
          lost: async (old) => {
            for (const [i, hex] of texts.entries()) {
              await old.query(
                `INSERT INTO ${table} VALUES (${100 + i}, ${decoded(hex)}, ${decoded(hex)} || 'new${i}', ARRAY['', ${decoded(hex)}], '{"a": "b"}', 'y')`,
              );
              await old.query(
                `UPDATE ${table} SET "${name}" = "${name}" || 'x', list = list || keyed WHERE id = ${i}`,
              );
            }
            await old.query(
              `DELETE FROM ${table} WHERE id = 0; INSERT INTO e VALUES ('${name}', '${name}'), ('other', NULL); UPDATE e SET w = '!' WHERE v = '${name}'`,
            );
          },
        });
        const incident = await readIncident(built);
        assert.equal(incident.progress().loss.undecodable, 0);
        for (const { changes } of everythingLost(incident))
          for (const change of changes) if (change.kind === 'row') assert.equal(change.problem, undefined);
        incident.close();
        for (const guard of [false, true]) {
          const { sql } = await exportSql(built, { guard });
          // No byte of a value acts on a terminal or hides.
          assert.doesNotMatch(sql.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}]/u);
          const server = await built.startAtFork();
          await runSql(server, sql);
          assert.deepEqual(await serverHashes(server), built.truth.oldHashes);
          await server.stop('immediate');
        }
        const { sql } = await exportSql(built, { undo: true, guard: true });
        const old = await built.startOld();
        await runSql(old, sql);
        assert.deepEqual(await serverHashes(old), built.truth.forkHashes);
        await old.stop('immediate');
      });
    });
  }
}
