/**
 * string-width for the bundle. Nearly all that is measured while a screen is drawn is known to be one column a character without asking:
 * the package waits for the first text that is not, for getting its tables and its segmenter ready takes as long as drawing a screen does.
 */

/** Printable ASCII, Latin, arrows, box drawing and the like. */
const ONE_COLUMN_EACH =
  /^[\x20-\x7e\u00a0-\u00ac\u00ae-\u024f\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2500-\u25fc\u2713\u2717]*$/;
/** The one character that stands for a finished line: see source/app/line-store.ts. */
const LINE = /^[\u{f0000}-\u{ffffd}]$/u;

export default function stringWidth(text, options) {
  if (typeof text === 'string' && options === undefined) {
    if (ONE_COLUMN_EACH.test(text)) return text.length;
    if (LINE.test(text)) return 1;
  }
  // Lazily: esbuild runs a module that is required where it is required.
  return require('string-width').default(text, options);
}
