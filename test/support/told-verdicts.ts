/** Verdicts told without decoding rows, held against the full judgement of every row. */

import assert from 'node:assert/strict';
import { WrittenSinceFork } from '../../source/incident/current-rows.js';
import type { OpenedSide } from '../../source/incident/incident-parts.js';
import { Judge } from '../../source/incident/judge.js';
import type { Verdict } from '../../source/incident/model.js';
import { openSide } from '../../source/incident/open-side.js';
import { openSides } from '../../source/incident/sides.js';
import { toldVerdicts } from '../../source/incident/undisturbed.js';
import { type Change, tableLabel } from '../../source/rows/row-change.js';
import type { ClusterReader } from '../../source/transactions/cluster-reader.js';
import { TemporaryRoom } from '../../source/transactions/temporary-room.js';

/** Both sides of an incident, read to their ends. */
export interface ReadSides {
  readonly old: ClusterReader;
  readonly fresh: ClusterReader;
  close(): void;
}

/** Opens two data directories and reads all their WAL. */
export async function readSides(directories: {
  readonly oldDataDirectory: string;
  readonly newDataDirectory: string;
}): Promise<ReadSides> {
  const sides = await openSides({
    old: directories.oldDataDirectory,
    new: directories.newDataDirectory,
  });
  const sideOf = (name: 'old' | 'new') => ({
    name: `${name} primary` as const,
    dataDirectory: sides.overview[name].path,
    control: (name === 'old' ? sides.oldControl : sides.newControl)!,
    segments: (name === 'old' ? sides.oldSegments : sides.newSegments)!,
  });
  const open = (side: 'old' | 'new', other: 'old' | 'new'): OpenedSide => {
    const lostFrom = sides.overview.fork.lsn;
    const opened = openSide({
      lostFrom,
      tempDir: undefined,
      room: new TemporaryRoom(),
      side: sideOf(side),
      other: sideOf(other),
    });
    assert.ok(opened);
    while (opened.reader.scan.step(1000));
    return opened;
  };
  const [old, fresh] = [open('old', 'new').reader, open('new', 'old').reader];
  return {
    old,
    fresh,
    close() {
      old.close();
      fresh.close();
      sides.spool.close();
    },
  };
}

function* everyChange(reader: ClusterReader): Generator<{ index: number; changes: Change[] }> {
  const all = Array.from({ length: reader.length }, (_, index) => index);
  for (const { index, changes } of reader.forward(all)) yield { index, changes: [...changes] };
}

/** The new primary as if it had written only some of its changes. */
function writtenOf(changes: readonly Change[], wrote: (change: Change) => boolean): WrittenSinceFork {
  const written = new WrittenSinceFork();
  for (const change of changes) if (wrote(change)) written.add(change);
  return written;
}

/** A transaction's verdict by its rows as they lie in their tuples, where that is how it is had. */
function judgedAlone(judge: Judge, reader: ClusterReader, index: number, inPlace: boolean): Verdict {
  for (const _ of judge.beginAlone(index, reader.visitable(index), inPlace));
  return judge.endAlone();
}

/** Holds every verdict against the full judgement, rows and dependencies too. Gives how many were told without rows. */
async function assertTold({ old }: ReadSides, current: WrittenSinceFork, name: string): Promise<number> {
  const told = await toldVerdicts(old, current, async () => {});
  const nameOf = (index: number) => old.summary(index);
  const full = new Judge(current, nameOf);
  const partly = new Judge(current, nameOf, undefined, {
    judgedBy: (tableName) => told.judgedBy(tableName),
    lastTaker: (tableName) => told.lastTaker(tableName),
    isOthers: (lsn) => old.scan.oldRows.isOthers(lsn),
    builtOn: (lsn, index) => old.builtOn(lsn, index),
  });
  let count = 0;
  for (const lost of everyChange(old)) {
    const { index, changes } = lost;
    const where = `xid ${old.summary(index).xid}, ${name}`;
    const [expected] = await full.judge([lost]);
    const verdict = told.verdict(index);
    if (verdict === undefined) {
      assert.equal(judgedAlone(partly, old, index, told.inPlace(index)), expected.verdict, where);
    }
    if (verdict !== undefined) {
      count++;
      assert.equal(verdict, expected.verdict, where);
    }
    assert.deepEqual(await partly.rowVerdicts(index, changes), expected.rows, where);
    assert.deepEqual(partly.dependenciesOf(index, changes), full.dependencies(index), where);
  }
  return count;
}

/**
 * Holds told verdicts against full ones: with all that the new primary wrote, with nothing of it, and with what it wrote to every other
 * table, this way and that. Gives how many were told in all.
 */
export async function assertToldVerdicts(sides: ReadSides): Promise<number> {
  const written = [...everyChange(sides.fresh)].flatMap(({ changes }) => changes);
  const names = [
    ...new Set(written.map((change) => (change.kind === 'row' ? tableLabel(change.table) : change.kind))),
  ];
  const number = (change: Change) =>
    names.indexOf(change.kind === 'row' ? tableLabel(change.table) : change.kind);
  let told = 0;
  told += await assertTold(
    sides,
    writtenOf(written, () => true),
    'all written',
  );
  told += await assertTold(
    sides,
    writtenOf(written, () => false),
    'nothing written',
  );
  for (let bit = 1; bit < names.length; bit *= 2) {
    for (const odd of [true, false]) {
      const some = writtenOf(written, (change) => ((number(change) & bit) !== 0) === odd);
      told += await assertTold(sides, some, `bit ${bit} ${odd}`);
    }
  }
  return told;
}
