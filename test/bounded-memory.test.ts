/**
 * What a scan remembers of pages, old rows and TOASTed values stays within its bounds, spills what is beyond, and answers as if it had
 * all of it in memory; and when the temporary file cannot grow, it says that it does not know, never something else.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { OldRowLog } from '../source/transactions/old-row-log.js';
import { PageHistories } from '../source/transactions/page-history.js';
import { TemporaryFile } from '../source/transactions/temporary-file.js';
import { TemporaryRoom } from '../source/transactions/temporary-room.js';
import { ToastChunks } from '../source/transactions/toast-chunks.js';
import { WRITER_FORGOTTEN, WRITER_UNKNOWN } from '../source/transactions/tuple-writer.js';
import { scratchDirectory } from './support/scratch.js';
import { seeded } from './support/seeded.js';

/** The plain way: everything in Maps. */
class PlainHistories {
  readonly #writers = new Map<string, number>();
  readonly #origins = new Map<string, number>();

  origin(relation: number, block: number, lsn: number): void {
    this.#origins.set(`${relation} ${block}`, lsn);
    for (let offset = 1; offset <= 300; offset++) this.#writers.delete(`${relation} ${block} ${offset}`);
  }

  write(relation: number, block: number, offset: number, lsn: number): void {
    this.#writers.set(`${relation} ${block} ${offset}`, lsn);
  }

  writerOf(relation: number, block: number, offset: number): number {
    const origin = this.#origins.get(`${relation} ${block}`) ?? 0;
    return this.#writers.get(`${relation} ${block} ${offset}`) ?? (origin > 0 ? -origin : WRITER_UNKNOWN);
  }
}

/** Page events as a busy server has them: most on few pages, some anywhere. */
function play(histories: PageHistories, plain: PlainHistories, seed: number, events: number): number {
  const random = seeded(seed);
  let lsn = 0;
  for (let i = 0; i < events; i++) {
    lsn += 8 * random(20);
    const relation = random(3);
    const block = random(4) === 1 ? random(3000) * 77_777 : random(40);
    const offset = random(290);
    const event = random(20);
    if (event === 1) {
      histories.image(relation, block, lsn);
      plain.origin(relation, block, lsn);
    } else if (event === 2) {
      histories.initialize(relation, block, lsn);
      plain.origin(relation, block, -lsn);
      // A bulk load: each of its records fills some more of the page.
      let next = random(2);
      for (let left = random(7); left > 0; left--, lsn += 8) {
        for (const end = Math.min(290, next + random(60)); next < end; next++) {
          histories.write(relation, block, next, lsn);
          plain.write(relation, block, next, lsn);
        }
      }
    } else {
      histories.write(relation, block, offset, lsn);
      plain.write(relation, block, offset, lsn);
    }
  }
  return lsn;
}

function eachPlace(visit: (relation: number, block: number, offset: number) => void): void {
  for (let relation = 1; relation <= 3; relation++) {
    for (let block = 1; block <= 40; block++)
      for (let offset = 1; offset <= 290; offset += 7) visit(relation, block, offset);
    for (let i = 1; i <= 3000; i++) visit(relation, i * 77_777, 1 + (i % 290));
  }
}

test('page histories that were spilled many times answer like ones that never were', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const file = new TemporaryFile();
    // Four more than there is room for at first: they are soon taken too.
    const histories = new PageHistories(file, { pages: 1 << 16, writers: 16 * 1024 + (seed % 2) * 4 });
    const plain = new PlainHistories();
    play(histories, plain, seed, 60_000);
    assert.ok(file.size > 1_000_000, `only ${file.size} bytes were spilled`);
    eachPlace((relation, block, offset) => {
      assert.equal(
        histories.writerOf(relation, block, offset),
        plain.writerOf(relation, block, offset),
        `seed ${seed}: ${relation}/${block}/${offset}`,
      );
    });
    file.close();
  }
});

test('behind a checkpoint only what was written since its redo pointer is remembered, and the rest is not taken for untouched', () => {
  const file = new TemporaryFile();
  const histories = new PageHistories(file);
  const plain = new PlainHistories();
  const redo = play(histories, plain, 9, 20_000) + 8;
  const before = histories.size;
  for (let block = 1; block <= 20; block++) {
    histories.image(1, block, redo + block * 8);
    histories.write(1, block, 5, redo + 1000 + block * 8);
  }
  histories.checkpoint(redo);
  assert.ok(before > 3000);
  assert.equal(histories.size, 20);
  assert.equal(histories.writerOf(1, 7, 5), redo + 1000 + 56);
  assert.equal(histories.writerOf(1, 7, 6), -(redo + 56));
  assert.equal(histories.writerOf(2, 7, 5), WRITER_FORGOTTEN);
  file.close();
});

test('page histories that cannot be spilled forget, and say so of every place they may have known', () => {
  const file = new TemporaryFile(undefined, new TemporaryRoom(0));
  const histories = new PageHistories(file, { pages: 1 << 16, writers: 16 * 1024 });
  const plain = new PlainHistories();
  const lsn = play(histories, plain, 3, 60_000) + 8;
  assert.match(file.failure ?? '', /reached their limit/);
  eachPlace((relation, block, offset) => {
    const writer = histories.writerOf(relation, block, offset);
    if (writer === WRITER_FORGOTTEN) return;
    assert.equal(writer, plain.writerOf(relation, block, offset));
  });
  histories.image(2, 30, lsn);
  histories.write(2, 30, 4, lsn + 8);
  assert.equal(histories.writerOf(2, 30, 4), lsn + 8);
  assert.equal(histories.writerOf(2, 30, 5), -lsn);
});

test('more pages than may be known are forgotten, not mistaken', () => {
  const file = new TemporaryFile();
  const histories = new PageHistories(file, { pages: 2048, writers: 16 * 1024 });
  const plain = new PlainHistories();
  play(histories, plain, 4, 60_000);
  eachPlace((relation, block, offset) => {
    const writer = histories.writerOf(relation, block, offset);
    if (writer !== WRITER_FORGOTTEN) assert.equal(writer, plain.writerOf(relation, block, offset));
  });
  assert.ok(histories.size <= 2048);
  file.close();
});

test('a million old rows are found again from the temporary file, which nobody else can see', () => {
  const directory = scratchDirectory('spill');
  const file = new TemporaryFile(directory);
  const log = new OldRowLog(file);
  for (let i = 1; i <= 1_000_000; i++) assert.ok(log.append(i * 40, i * 40 - 16));
  assert.ok(file.size > 15_000_000);
  assert.deepEqual(readdirSync(directory), []);
  for (let i = 1; i <= 1_000_000; i += 1237) {
    assert.equal(log.writerFor(i * 40), i * 40 - 16);
    assert.equal(log.writerFor(i * 40 + 8), WRITER_UNKNOWN);
  }
  file.close();
});

test('a log that cannot grow keeps what it has and does not know the rest', () => {
  const file = new TemporaryFile(undefined, new TemporaryRoom(200_000));
  const log = new OldRowLog(file);
  let kept = 0;
  for (let i = 1; i <= 100_000; i++) if (log.append(i * 8, i * 16)) kept = i;
  assert.ok(kept > 12_000 && kept < 100_000);
  assert.equal(log.writerFor(8), 16);
  assert.equal(log.writerFor(kept * 8), kept * 16);
  for (const lost of [kept + 1, kept + 2, 100_000]) assert.equal(log.writerFor(lost * 8), WRITER_FORGOTTEN);
  file.close();
});

/** A helper: writes until it is refused, says how much that was, and gives it up when it is to give way. */
const HELPER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { limit, lent, source } = workerData;
  Promise.all(['file', 'room'].map((name) => import(source + 'temporary-' + name + '.js'))).then(
    ([{ TemporaryFile }, { TemporaryRoom }]) => {
      const room = new TemporaryRoom(limit, lent);
      const file = new TemporaryFile(undefined, room);
      while (file.append(Buffer.alloc(10_000)) !== undefined);
      parentPort.postMessage(file.size);
      const looking = setInterval(() => {
        if (!room.isToGiveWay) return;
        file.close();
        clearInterval(looking);
      }, 5);
    });`;

test('all temporary files together take no more than the limit, helpers half of it, and what can be done without gives way', async () => {
  const limit = 1_000_000;
  const room = new TemporaryRoom(limit);
  const [one, other] = [new TemporaryFile(undefined, room), new TemporaryFile(undefined, room)];
  const lesser = one.lesser();
  assert.equal(lesser.append(Buffer.alloc(100_000)), 0);
  const source = new URL('../source/transactions/', import.meta.url).href;
  const helpers: Worker[] = [];
  const sizes: number[] = [];
  for (const number of [0, 1]) {
    const workerData = { limit, lent: room.lend(number), source };
    const helper = new Worker(HELPER, { eval: true, workerData });
    helpers.push(helper);
    sizes.push((await once(helper, 'message'))[0]);
  }
  assert.ok(sizes[0] > 350_000 && sizes[0] + sizes[1] <= 400_000, sizes.join());
  assert.ok(room.taken >= 100_000 + sizes[0] && room.taken <= limit / 2);
  let written = 0;
  for (const file of [one, other, one, other])
    if (file.append(Buffer.alloc(240_000)) !== undefined) written++;
  assert.equal(written, 4);
  assert.ok(room.taken <= limit, `${room.taken}`);
  assert.deepEqual([lesser.size, lesser.append(Buffer.alloc(1))], [0, undefined]);
  assert.equal(one.append(Buffer.alloc(50_000)), undefined);
  assert.match(one.failure ?? '', /temporary files reached their limit of 1000000 bytes/);
  for (const file of [one, other, lesser]) file.close();
  assert.equal(room.taken, 0);
  await Promise.all(helpers.map((helper) => helper.terminate()));
});

test("every value's first chunk is found among hundreds of thousands, as of any moment", () => {
  const file = new TemporaryFile();
  const chunks = new ToastChunks(file);
  const random = seeded(11);
  const plain = new Map<string, number[]>();
  const chunk = Buffer.alloc(32);
  let lsn = 0;
  for (let i = 0; i < 200_000; i++) {
    lsn += 8 * random(50);
    const oid = 0xffff_fff0 + random(3);
    const value = random(10) === 1 ? random(50) : 0xffff_0000 - i;
    chunk.writeUInt32LE(value, 0);
    chunk.writeInt32LE(random(3) - 1, 4);
    chunks.add(oid, lsn, chunk, 0);
    if (chunk.readInt32LE(4) !== 0) continue;
    const key = `${oid} ${value}`;
    plain.set(key, [...(plain.get(key) ?? []), lsn]);
  }
  assert.ok(file.size > 500_000);
  let asked = 0;
  for (const [key, lsns] of plain) {
    if (lsns.length === 1 && ++asked % 97 !== 0) continue;
    const [oid, value] = key.split(' ').map(Number);
    const middle = lsns[lsns.length >> 1];
    assert.equal(chunks.firstChunk(oid, value, lsn + 8), lsns[lsns.length - 1]);
    assert.equal(chunks.firstChunk(oid, value, middle + 8), middle);
    assert.equal(chunks.firstChunk(oid, value, lsns[0]), undefined);
  }
  assert.equal(chunks.firstChunk(5, 5, lsn), undefined);
  file.close();
});
