/** Storage, compression, statistics target, options and privileges of a column. */
import { quoteIdentifier } from '../bytes/identifiers.js';
import type { Lsn } from '../bytes/lsn.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import type { DdlSubject } from '../rows/row-change.js';
import { COMPRESSIONS, STORAGES } from './columns.js';
import { type Run, Stage } from './run.js';
import { optionList } from './storage-options.js';
import type { TableChange } from './table-change.js';

/** Storage, compression, statistics target and options of a column. */
export function settingsOfColumn(
  run: Run,
  was: AttributeRow | undefined,
  now: AttributeRow,
  lsn: Lsn,
  table: string,
  subject: DdlSubject,
  changes: TableChange[],
): void {
  const column = quoteIdentifier(now.name);
  const natural = (rows: CatalogSnapshot, attribute: AttributeRow) =>
    attribute.storage === (rows.type(attribute.typeOid)?.storage ?? attribute.storage);
  const set = (what: string, clause: string, back: string): void => {
    changes.push({
      key: `${clause}`,
      stage: Stage.option,
      order: now.number,
      lsn,
      description: `sets ${what} of column ${now.name} of table ${table}`,
      redo: `ALTER COLUMN ${column} ${clause}`,
      undo: `ALTER COLUMN ${column} ${back}`,
      subject,
    });
  };
  const storage = (attribute: AttributeRow) => `SET STORAGE ${STORAGES[attribute.storage] ?? 'DEFAULT'}`;
  if (was ? was.storage !== now.storage && was.typeOid === now.typeOid : !natural(run.after, now))
    set('the storage', storage(now), was ? storage(was) : 'SET STORAGE DEFAULT');
  if (was && was.compression !== now.compression) {
    const compression = (letter: string) => `SET COMPRESSION ${COMPRESSIONS[letter] ?? 'default'}`;
    set('the compression', compression(now.compression), compression(was.compression));
  }
  const target = was?.statisticsTarget ?? -1;
  if (target !== now.statisticsTarget)
    set('the statistics target', `SET STATISTICS ${now.statisticsTarget}`, `SET STATISTICS ${target}`);
  const options = (was?.options ?? []).join(', ');
  if (options !== now.options.join(', ')) {
    const names = now.options.map((each) => each.slice(0, each.indexOf('='))).join(', ');
    set(
      'options',
      now.options.length > 0
        ? `SET (${optionList(now.options)})`
        : `RESET (${(was?.options ?? []).map((each) => each.slice(0, each.indexOf('='))).join(', ')})`,
      was && options !== '' ? `SET (${optionList(was.options)})` : `RESET (${names})`,
    );
  }
  if ((was?.privileges ?? '') !== now.privileges)
    changes.push({
      key: 'privileges',
      stage: Stage.other,
      order: now.number,
      lsn,
      description: `changes the privileges on column ${now.name} of table ${table}`,
      reason: 'who was granted what is not reconstructed',
    });
}
