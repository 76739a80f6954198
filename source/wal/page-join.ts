/**
 * A record that crosses pages, put together in WebAssembly.
 *
 *     (func $join (param $at i32) (param $inPage i32) (param $length i32) (param $nextPage f64) (param $pageSize i32) (param $end i32)
 *       (param $magic i32) (param $timeline i32) (param $to i32) (result i32))
 *
 * Copies the record's pieces, `inPage` bytes from `at` and what follows the headers of the pages behind, to `to`, and gives the byte behind the last
 * piece. It gives 0 where a page is not as usual (or not there before `end`): a page within a segment, of the same timeline as the
 * one before, that says it goes on with so much of this record. What is unusual then, and what to say of it, is told by the reader.
 *
 * Layout: page-header.ts; the checks are those of page-check.ts and of the reader's own assembling.
 */
import {
  choose,
  copy,
  i32,
  i64,
  leave,
  type WasmFunction,
  wasmFunction,
  when,
  whileTrue,
} from '../bytes/web-assembly.js';
import { FIRST_IS_CONTINUATION, REMOVABLE, SHORT_PAGE_HEADER_SIZE } from './page-header.js';

const I32 = 'i32';
const constant = i32.constant;

/** The function above. */
export const JOIN: WasmFunction = wasmFunction(
  'join',
  {
    ...{ at: I32, inPage: I32, length: I32, nextPage: 'f64', pageSize: I32 },
    ...{ end: I32, magic: I32, timeline: I32, to: I32 },
  },
  I32,
  { page: 'i64', have: I32, rest: I32, take: I32 },
  (l) => {
    const refuseUnless = (left: readonly number[], right: readonly number[]) =>
      when(i32.notEqual(left, right), leave(constant(0)));
    // xlp_magic and xlp_info in one word, whether the page's blocks may be left out of a backup or not.
    const kind = i32.and(i32.load(l.at.get), constant(~(REMOVABLE << 16)));
    const usualKind = i32.or(l.magic.get, constant(FIRST_IS_CONTINUATION << 16));
    const room = i32.subtract(l.pageSize.get, constant(SHORT_PAGE_HEADER_SIZE));
    return [
      l.page.set(i64.fromF64(l.nextPage.get)),
      copy(l.to.get, l.at.get, l.inPage.get),
      l.have.set(l.inPage.get),
      l.at.add(l.inPage.get),
      whileTrue(
        constant(1),
        when(i32.less(i32.subtract(l.end.get, l.at.get), l.pageSize.get), leave(constant(0))),
        refuseUnless(kind, usualKind),
        refuseUnless(i32.load(l.at.get, 4), l.timeline.get),
        when(i64.notEqual(i64.load(l.at.get, 8), l.page.get), leave(constant(0))),
        l.rest.set(i32.subtract(l.length.get, l.have.get)),
        refuseUnless(i32.load(l.at.get, 16), l.rest.get),
        l.take.set(choose(i32.less(l.rest.get, room), l.rest.get, room)),
        copy(i32.add(l.to.get, l.have.get), i32.add(l.at.get, constant(SHORT_PAGE_HEADER_SIZE)), l.take.get),
        l.have.add(l.take.get),
        when(
          i32.equal(l.have.get, l.length.get),
          leave(i32.add(i32.add(l.at.get, constant(SHORT_PAGE_HEADER_SIZE)), l.take.get)),
        ),
        l.at.add(l.pageSize.get),
        l.page.set(i64.add(l.page.get, i64.fromI32(l.pageSize.get))),
      ),
      constant(0),
    ];
  },
);
