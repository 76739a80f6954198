import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context, Facts } from '../source/app/bindings/binding.js';
import { footerLine } from '../source/app/components/footer.js';
import { HelpController } from '../source/app/controllers/help.js';
import { bindingFor, bindingsOf, isTyping, KEYMAP } from '../source/app/keymap.js';
import { lineWidth } from '../source/app/span.js';
import { editField, fieldText, textField } from '../source/app/text-field.js';

const FACTS: Facts = {
  shown: 10,
  arranging: false,
  marked: 0,
  swappable: true,
  restorable: false,
  searched: false,
};

const CONTEXTS = [...new Set(KEYMAP.map((binding) => binding.context))].filter(
  (context): context is Context => context !== 'global',
);

describe('the keymap', () => {
  it('gives no key two meanings in one place', () => {
    for (const context of CONTEXTS) {
      const seen = new Set<string>();
      for (const { keys, context: where } of KEYMAP) {
        if (where !== context) continue;
        for (const key of keys) {
          assert.ok(!seen.has(key), `${key} in ${context}`);
          seen.add(key);
        }
      }
    }
  });

  it('has a way out by escape everywhere, and ctrl-c quits at once everywhere but where it stops what is under way', () => {
    for (const context of CONTEXTS) {
      assert.ok(bindingFor(context, 'escape'), context);
      const action = context === 'preserve-copying' ? 'stop' : 'interrupt';
      assert.equal(bindingFor(context, 'ctrl-c')?.action, action, context);
    }
  });

  it('lets letters be typed where there is a box: q and ? do not act there', () => {
    for (const context of CONTEXTS.filter(isTyping)) {
      assert.equal(bindingFor(context, 'q'), undefined);
      assert.equal(bindingFor(context, '?'), undefined);
    }
  });

  it('draws a footer of at most the screen’s width that always tells the way out and the help', () => {
    for (const context of CONTEXTS) {
      for (const width of [60, 80, 200]) {
        const line = footerLine(context, FACTS, width);
        const text = line.map((span) => span.text).join('');
        assert.ok(lineWidth(line) <= width + 2, `${context} ${width}: ${text}`);
        if (bindingsOf(context).some((binding) => binding.action === 'help')) assert.match(text, /\? help/);
      }
    }
  });
});

describe('the help', () => {
  it('says everything whole, at any width: wrapped, never cut', () => {
    for (const context of CONTEXTS) {
      for (const width of [60, 80, 200]) {
        const lines = new HelpController(context, FACTS, () => {}).lines(width);
        for (const line of lines) assert.ok(lineWidth(line) <= width, `${context} ${width}`);
        const words = lines
          .map((line) => line.map((span) => span.text).join(''))
          .join(' ')
          .replace(/\s+/g, ' ');
        for (const { description } of bindingsOf(context))
          assert.ok(words.includes(description), description);
      }
    }
  });
});

describe('a text box', () => {
  it('is edited as in a shell', () => {
    let field = textField('table:orders');
    const press = (name: string, text?: string): void => {
      field = editField(field, { name, text }) ?? field;
    };
    press('ctrl-w');
    assert.equal(fieldText(field), '');
    press('paste', 'one\ntwo 平');
    assert.equal(fieldText(field), 'one two 平');
    press('backspace');
    press('ctrl-a');
    press('x', 'x');
    assert.equal(fieldText(field), 'xone two ');
    press('ctrl-k');
    assert.equal(fieldText(field), 'x');
    press('end');
    press('left');
    press('ctrl-d');
    assert.equal(fieldText(field), '');
    assert.equal(editField(field, { name: 'enter' }), undefined);
  });
});
