import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { printable } from '../source/bytes/printable.js';
import {
  breakLines,
  fit,
  textWidth,
  truncate,
  truncateMiddle,
  wrapWords,
} from '../source/bytes/text-width.js';

const anyText = fc.string({ unit: 'binary', maxLength: 40 });

describe('text from strangers', () => {
  it('never reaches the terminal as something that acts or cannot be seen', () => {
    assert.equal(printable('a\x1b[31mb'), 'a\\x1b[31mb');
    assert.equal(printable('one\ntwo\tthree\r'), 'one⏎two⇥three\\r');
    assert.equal(printable('\x9b2J\x7f'), '\\x9b2J\\x7f');
    assert.equal(printable('\u202egpj.exe'), '\\u202egpj.exe');
    assert.equal(printable('zero\u200bwidth\u2066'), 'zero\\u200bwidth\\u2066');
    assert.equal(printable('\ud800 alone'), '\\ud800 alone');
    assert.equal(printable('tag\u{e0041}'), 'tag\\u{e0041}');
    assert.equal(printable('\u2028'), '\\u2028');
  });

  it('keeps what people write: accents, other scripts, emoji', () => {
    const text = 'Čapek naïve 平仮名 مرحبا שלום हिन्दी 😀 e\u0301';
    assert.equal(printable(text), text);
  });

  it('whatever it is, no control, format, surrogate or separator character is left', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
        ),
        (text) => {
          assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        },
      ),
    );
  });
});

describe('text in columns', () => {
  it('counts wide characters twice and combining ones not at all', () => {
    assert.equal(textWidth('平仮名'), 6);
    assert.equal(textWidth('e\u0301'), 1);
    assert.equal(textWidth('😀'), 2);
  });

  it('fits exactly, truncates within its width and never splits a character', () => {
    fc.assert(
      fc.property(anyText.map(printable), fc.integer({ min: 1, max: 30 }), (text, width) => {
        assert.equal(textWidth(fit(text, width)), width);
        assert.ok(textWidth(truncate(text, width)) <= width);
        assert.ok(textWidth(truncateMiddle(text, width)) <= width);
        assert.ok(truncate(text, width).isWellFormed());
      }),
    );
  });

  it('broken lines together are the whole text', () => {
    fc.assert(
      fc.property(anyText.map(printable), fc.integer({ min: 2, max: 30 }), (text, width) => {
        const lines = breakLines(text, width);
        assert.equal(lines.join(''), text);
        for (const line of lines) assert.ok(textWidth(line) <= width);
      }),
    );
  });

  it('prose is wrapped between words', () => {
    assert.deepEqual(wrapWords('one two three', 8), ['one two', 'three']);
    assert.deepEqual(wrapWords('abcdefghij k', 4), ['abcd', 'efgh', 'ij k']);
    assert.deepEqual(wrapWords('', 4), ['']);
  });
});
