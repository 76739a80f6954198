/** The export formats there are. */
import type { ExportFormat } from '../incident/model.js';
import { csvTransactions, writeCsv } from './csv.js';
import type { Format } from './format.js';
import { writeReport } from './report.js';
import { sqlTransactions, writeSql } from './sql-file.js';
import { wal2jsonTransactions, writeWal2json } from './wal2json.js';

/** All formats by name. */
export const FORMATS: Readonly<Record<ExportFormat, Format>> = {
  sql: { extension: '.sql', perDatabase: true, open: writeSql, openPart: sqlTransactions },
  wal2json: { extension: '.jsonl', perDatabase: true, open: writeWal2json, openPart: wal2jsonTransactions },
  csv: { extension: '.csv', perDatabase: false, open: writeCsv, openPart: csvTransactions },
  report: { extension: '.md', perDatabase: false, open: writeReport },
};
