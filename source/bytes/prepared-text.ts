/** Text that is written again and again, in words: a sink takes four bytes at once. */

export class PreparedText {
  /** Bytes of UTF-8. */
  readonly length: number;
  /** The bytes, little-endian; zeros behind the last. */
  readonly words: Int32Array;

  constructor(text: string) {
    const bytes = Buffer.from(text, 'utf8');
    this.length = bytes.length;
    this.words = new Int32Array(Math.ceil(bytes.length / 4));
    for (let at = 0; at < bytes.length; at++) this.words[at >> 2] |= bytes[at] << ((at & 3) * 8);
  }
}
