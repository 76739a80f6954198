/** The new primary's rows, read from what it has written since the fork. */
import { breathe } from './breathe.js';
import { type CurrentRows, WrittenSinceFork } from './current-rows.js';
import type { IncidentParts, OpenedSide } from './incident-parts.js';

/** Transactions taken in between two breaths. */
const BETWEEN_BREATHS = 256;

/** Why not all that the new primary has written is known, as far as it was read. */
export function untoldOfNew(fresh: OpenedSide | undefined): string | undefined {
  const end = fresh?.reader.scan.reader.end;
  if (end && end.kind !== 'end') return `what it wrote after ${end.reason} is not known`;
  return undefined;
}

/**
 * Reads what the new primary has written since the fork, all of it; a running server is asked later, row by row. Throws ForkpointError
 * when a file cannot be read or a place does not answer.
 */
export async function rowsSinceFork(
  parts: Pick<IncidentParts, 'fresh' | 'live' | 'gathering'>,
  onProgress: () => void = () => {},
): Promise<CurrentRows> {
  const { fresh, live, gathering } = parts;
  if (live) return live;
  if (!fresh) {
    return new WrittenSinceFork(
      'there is no WAL of the new primary to tell what it has written since the fork',
    );
  }
  const { reader } = fresh;
  while (reader.scan.step(50)) {
    await gathering.fetch();
    onProgress();
    await breathe();
  }
  const written = new WrittenSinceFork(
    untoldOfNew(fresh),
    (table) => reader.tableNow(table.database, table.schema, table.name),
    (database, subject) => reader.hasDefinition(database, subject),
  );
  let sinceBreath = 0;
  for (const { changes } of reader.forward(range(reader.length))) {
    for (const change of changes) written.add(change);
    if (++sinceBreath % BETWEEN_BREATHS === 0) await breathe();
  }
  // The old side's rows come next, and its own pages.
  reader.scan.tuples.forgetKept();
  return written;
}

function range(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, index) => index);
}
