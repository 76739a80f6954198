/** The operator's clipboard, at the other end of any SSH connection. */

/** Most terminals refuse longer OSC 52 sequences (xterm: 100 kB of base64). */
const MOST_BYTES = 74_000;

/** The OSC 52 sequence that puts `text` on the terminal's clipboard, or undefined when it is too long. */
export function clipboardSequence(text: string): string | undefined {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > MOST_BYTES) return undefined;
  return `\x1b]52;c;${bytes.toString('base64')}\x07`;
}
