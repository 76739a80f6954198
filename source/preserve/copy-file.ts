/** Copies single files so that they can be relied upon: under another name until whole, read back, compared with what they came from. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { hold } from '../bytes/leftovers.js';

/** Bytes read at once. */
const PIECE = 1 << 20;

/** How often a file is copied again that changes meanwhile. */
const ATTEMPTS = 3;

/** The name a file has until it is whole. */
export function unfinished(path: string): string {
  return `${path}.forkpoint-part`;
}

/** A copy that was made, or was there. */
export interface CopiedFile {
  readonly sha256: string;
  readonly bytes: number;
  /** The source was written to while it was copied, every time. */
  readonly changing: boolean;
}

/** What a copy tells meanwhile: bytes copied since it told last. */
export type Told = (bytes: number) => void;

/**
 * Copies `source` (links are followed) to `target`, whose directory is made. What is at `target` from an earlier run is kept when it is
 * the same. Throws ForkpointError when either cannot be read or written, or the copy does not read back as it was written.
 */
export async function copyFile(source: string, target: string, told: Told): Promise<CopiedFile> {
  const size = await sizeOf(source);
  const there = await sizeOf(target).catch(() => undefined);
  if (there === size) {
    const [wanted, found] = [await hashOf(source), await hashOf(target)];
    if (wanted === found) {
      told(size);
      return { sha256: found, bytes: size, changing: false };
    }
  }
  for (let attempt = 1; ; attempt++) {
    const written = await writeCopy(source, target, attempt === 1 ? told : () => undefined);
    const readBack = await hashOf(target);
    if (readBack !== written.sha256) {
      throw new ForkpointError({
        what: 'the copy does not read back as it was written',
        where: target,
        next: 'do not trust that disk; preserve to another one',
      });
    }
    const changing = (await hashOf(source)) !== readBack;
    if (!changing || attempt === ATTEMPTS) return { ...written, changing };
  }
}

async function writeCopy(source: string, target: string, told: Told): Promise<Omit<CopiedFile, 'changing'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  await writeWhole(target, async (output) => {
    const input = await openSource(source);
    try {
      const buffer = Buffer.allocUnsafe(PIECE);
      for (;;) {
        const { bytesRead } = await input.read(buffer, 0, PIECE, bytes);
        if (bytesRead === 0) break;
        const piece = buffer.subarray(0, bytesRead);
        hash.update(piece);
        await writeAll(output, piece, bytes);
        bytes += bytesRead;
        told(bytesRead);
      }
    } finally {
      await input.close();
    }
  });
  return { sha256: hash.digest('hex'), bytes };
}

/**
 * Copies single pages to the same places of `target`, which is as long as `source` and empty elsewhere. `pages` are numbered within the
 * file and ascend.
 */
export async function copyPages(
  source: string,
  target: string,
  pages: readonly number[],
  pageSize: number,
): Promise<CopiedFile> {
  const size = await sizeOf(source);
  let changing = false;
  await writeWhole(target, async (output) => {
    await output.truncate(size);
    const input = await openSource(source);
    try {
      const page = Buffer.alloc(pageSize);
      const again = Buffer.alloc(pageSize);
      for (const number of pages) {
        const at = number * pageSize;
        for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
          const { bytesRead } = await input.read(page, 0, pageSize, at);
          await input.read(again, 0, pageSize, at);
          await writeAll(output, page.subarray(0, bytesRead), at);
          if (page.equals(again)) break;
          if (attempt === ATTEMPTS) changing = true;
        }
      }
    } finally {
      await input.close();
    }
  });
  return { sha256: pages.length > 0 ? await hashOf(target) : '', bytes: pages.length * pageSize, changing };
}

/** Writes a small file of our own. */
export async function writeText(target: string, text: string): Promise<string> {
  const bytes = Buffer.from(text);
  await writeWhole(target, (output) => writeAll(output, bytes, 0));
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 of a file, in hex. Throws ForkpointError when it cannot be read. */
export async function hashOf(path: string): Promise<string> {
  const input = await openSource(path);
  const hash = createHash('sha256');
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    for (let at = 0; ; ) {
      const { bytesRead } = await input.read(buffer, 0, PIECE, at);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await input.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch((error) => Promise.reject(cannotRead(path, error)))).size;
}

async function openSource(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    throw cannotRead(path, error);
  }
}

/** Fills a file under its unfinished name, sees it to the disk, and gives it its own. */
async function writeWhole(target: string, fill: (output: FileHandle) => Promise<void>): Promise<void> {
  const part = unfinished(target);
  const letGo = hold({ path: part });
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    const output = await open(part, 'w', 0o600);
    try {
      await fill(output);
      await output.sync();
    } finally {
      await output.close();
    }
    await rename(part, target);
  } catch (error) {
    await unlink(part).catch(() => undefined);
    throw error instanceof ForkpointError ? error : cannotWrite(target, error);
  } finally {
    letGo();
  }
}

async function writeAll(output: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await output.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function cannotRead(path: string, error: unknown): ForkpointError {
  const gone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return new ForkpointError(
    {
      what: gone
        ? 'the file is gone: something removes files there meanwhile'
        : `the file cannot be read: ${messageOf(error)}`,
      where: path,
      next: gone
        ? 'stop the server (or the clean-up) that removes it and run the same command again'
        : 'run forkpoint as a user who may read it (postgres or root)',
    },
    { cause: error },
  );
}

function cannotWrite(path: string, error: unknown): ForkpointError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ForkpointError(
      {
        what: 'the disk is full',
        where: path,
        next: 'make room, or name a directory on another disk; the same command goes on where it stopped',
      },
      { cause: error },
    );
  }
  return new ForkpointError(
    {
      what: `the copy cannot be written: ${messageOf(error)}`,
      where: path,
      next: 'name a directory that may be written to',
    },
    { cause: error },
  );
}
