import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TextSink } from '../source/bytes/text-sink.js';
import { JsonLines, jsonObject } from '../source/commands/list-json.js';
import { VERDICTS } from '../source/incident/model.js';
import { TransactionIndex } from '../source/transactions/transaction-index.js';
import { seeded } from './support/seeded.js';

test('a line put together from prepared parts is the very one that JSON.stringify makes of the transaction', () => {
  const random = seeded(11);
  const below = (limit: number) => random(limit) - 1;
  const pick = <Value>(values: readonly Value[]): Value => values[below(values.length)];
  const shapes = Array.from({ length: 12 }, (_, i) => ({
    database: pick(['shop', 'w"eird\\', 'é\u2028']),
    tables: Array.from({ length: i % 4 }, (__, at) => ({
      schema: pick(['public', 'Odd "one']),
      table: `t${at}\n`,
      insert: below(9),
      update: below(100_000),
      delete: below(2),
      truncate: below(2),
    })),
    inserts: 1,
    updates: 2,
    deletes: 3,
    truncates: 0,
    messages: below(3),
    movesSequences: below(2) === 1,
    undecodable: below(3),
  }));
  const lsn = () =>
    pick([0, 8, 0xffff_fff8, 0x1_0000_0000, 0x1_0000_0a30, 0x1f_ffff_ffff_fff8, below(2 ** 31)]);
  const index = new TransactionIndex();
  const verdicts = Array.from({ length: 2000 }, () => pick([...VERDICTS, 'pending'] as const));
  for (let at = 0; at < verdicts.length; at++) {
    const commitLsn = lsn();
    index.append({
      xid: pick([0, 3, 99, 12_345, 0xffff_ffff]),
      state: pick(['committed', 'committed', 'committed', 'prepared', 'message']),
      gid: below(8) === 0 ? 'gid "1"' : undefined,
      origin: below(8) === 0 ? { id: 1, lsn: lsn(), time: below(2) * 1e15 } : undefined,
      firstLsn: pick([0, commitLsn]),
      commitLsn,
      commitEndLsn: commitLsn + pick([40, 48, 16_384]),
      commitTime: pick([0, -1, 999_999, 8.5e14 + below(3_000_000), -5_000_001]),
      preparedBeforeFork: below(8) === 0,
      straddlesFork: below(8) === 0,
      changesCatalog: below(8) === 0,
      beginningMissing: below(8) === 0,
      hasChildren: below(2) === 0,
      buildsOn: { buildsOnLost: below(2) === 0, buildsOnUnknown: below(2) === 0 },
      walBytes: pick([0, 106, 5e9, 2 ** 52]),
      shape: pick(shapes),
    });
  }
  const source = {
    transaction: (at: number) => ({ ...index.summary(at), verdict: verdicts[at] }),
    verdict: (at: number) => verdicts[at],
    places: () => index,
  };
  const sink = new TextSink(16);
  const lines = new JsonLines(sink, source);
  for (let at = 0; at < verdicts.length; at++) lines.write(at);
  assert.equal(
    sink.bytes.toString('utf8', 0, sink.length),
    verdicts.map((_, at) => `${JSON.stringify(jsonObject(source.transaction(at)))}\n`).join(''),
  );
});
