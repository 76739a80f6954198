/**
 * Page checksums (storage/checksum_impl.h): FNV-1a run over 32 interleaved columns of 32-bit words, so that a CPU
 * can do them side by side, then folded and mixed with the block number.
 */

/** N_SUMS */
const COLUMNS = 32;

/** FNV_PRIME */
const FNV_PRIME = 16777619;

/** checksumBaseOffsets: each column's start. */
const COLUMN_SEEDS = Int32Array.of(
  0x5b1f36e9,
  0xb8525960,
  0x02ab50aa,
  0x1de66d2a,
  0x79ff467a,
  0x9bb9f8a3,
  0x217e7cd2,
  0x83e13d2c,
  0xf8d4474f,
  0xe39eb970,
  0x42c6ae16,
  0x993216fa,
  0x7b093b5d,
  0x98daff3c,
  0xf718902a,
  0x0b1c9cdb,
  0xe58f764b,
  0x187636bc,
  0x5d7b3bb1,
  0xe73de7de,
  0x92bec979,
  0xcca6c0b2,
  0x304a0979,
  0x85aa43d4,
  0x783125bb,
  0x6ca8eaa2,
  0xe407eac6,
  0x4b5cfc3e,
  0x9fbf8c76,
  0x15ca20be,
  0xf2ca9fd3,
  0x959bd756,
);

/** Byte offset of pd_checksum, which counts as zero while the sum is taken. */
const CHECKSUM_OFFSET = 8;

const sums = new Int32Array(COLUMNS);

function mix(sum: number, value: number): number {
  const mixed = sum ^ value;
  return Math.imul(mixed, FNV_PRIME) ^ (mixed >>> 17);
}

/** The checksum that a page at block `blockNumber` (counted over all segments of its file) should carry: 1 to 65535. */
export function computePageChecksum(page: Uint8Array, blockNumber: number): number {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  sums.set(COLUMN_SEEDS);
  const rowBytes = COLUMNS * 4;
  for (let row = 0; row + rowBytes <= page.length; row += rowBytes) {
    for (let column = 0; column < COLUMNS; column++) {
      const offset = row + column * 4;
      let word = view.getInt32(offset, true);
      if (offset === CHECKSUM_OFFSET) word &= 0xffff0000;
      sums[column] = mix(sums[column], word);
    }
  }
  let folded = 0;
  for (let column = 0; column < COLUMNS; column++) {
    folded ^= mix(mix(sums[column], 0), 0);
  }
  return (((folded ^ blockNumber) >>> 0) % 65535) + 1;
}

/** Does the page carry the checksum it should? Only to be asked of a cluster with data checksums; a new page has none. */
export function verifyPageChecksum(page: Uint8Array, blockNumber: number): boolean {
  const stored = page[CHECKSUM_OFFSET] | (page[CHECKSUM_OFFSET + 1] << 8);
  return stored === computePageChecksum(page, blockNumber);
}
