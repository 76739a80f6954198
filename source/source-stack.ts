/** A defect's stack in terms of the source, for the report about it. Loaded only when there is one. */
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';
import { PACKAGE } from './version.js';

const PLACE = /(file:\/\/[^\s()]+\.js):(\d+):(\d+)/g;

function sourceMapOf(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(fileURLToPath(`${file}.map`), 'utf8')) as SourceMapPayload);
  } catch {
    // A file without a map is its own source, or the map was not installed: the place stays as it is.
    return undefined;
  }
}

/** The stack with each place in a bundled file replaced by the place in the source file that it was made of. Never throws. */
export function sourceStack(error: Error): string {
  const maps = new Map<string, SourceMap | undefined>();
  return (error.stack ?? error.message).replace(
    PLACE,
    (place, file: string, line: string, column: string) => {
      if (!maps.has(file)) maps.set(file, sourceMapOf(file));
      const origin = maps.get(file)?.findEntry(Number(line) - 1, Number(column) - 1);
      if (!origin || !('originalSource' in origin)) return place;
      const source = new URL(origin.originalSource, file).href.replace(PACKAGE.href, '');
      return `${source}:${origin.originalLine + 1}:${origin.originalColumn + 1}`;
    },
  );
}
