/** Who forkpoint is held against: PostgreSQL's own tools, on the same WAL. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Server } from '../servers/server.js';
import { type BenchIncident, MAJOR, SLOT, segmentsOf } from './incidents.js';
import type { Contender } from './measure.js';

/** Where Debian puts the programs of one major. */
const BIN = `/usr/lib/postgresql/${MAJOR}/bin`;

/** `pg_waldump --stats=record`: reads and checks every record. Undefined where it is not installed. */
export function waldump(incident: BenchIncident): Contender | undefined {
  const program = join(BIN, 'pg_waldump');
  if (!existsSync(program)) return undefined;
  const segments = segmentsOf(incident);
  // Reading to the very end of WAL, which no crash leaves valid, is an error to it.
  const command = `"$0" --stats=record -p "$1" "$2" "$3" || true`;
  const args = [program, join(incident.old, 'pg_wal'), segments[0], segments[segments.length - 1]];
  return { name: 'pg_waldump --stats=record', command: ['sh', '-c', command, ...args] };
}

const PEEK = fileURLToPath(new URL('./peek.js', import.meta.url));

/**
 * The server's logical decoding: pg_recvlogical with test_decoding to /dev/null, from the slot made at the cut to the end; where it is not
 * installed, the same by a query. `old` is a running copy of the old primary.
 */
export function decoding(old: Server): Contender {
  const program = join(BIN, 'pg_recvlogical');
  if (!existsSync(program)) {
    const command = [process.execPath, PEEK, old.socketDirectory, String(old.port), SLOT];
    return { name: 'logical decoding (by a query, test_decoding)', command };
  }
  const slot = `${SLOT}_run`;
  return {
    name: 'logical decoding (pg_recvlogical, test_decoding)',
    command: async () => {
      // Reading moves a slot on, so each run has a copy of its own.
      await old.query(`SELECT pg_copy_logical_replication_slot('${SLOT}', '${slot}')`);
      const [{ end }] = await old.query('SELECT pg_current_wal_flush_lsn()::text AS end');
      const place = ['-h', old.socketDirectory, '-p', String(old.port), '-U', 'postgres', '-d', 'postgres'];
      return {
        command: [
          program,
          ...place,
          '--slot',
          slot,
          '--start',
          '--no-loop',
          '--endpos',
          end,
          '-f',
          '/dev/null',
        ],
        cleanUp: async () => {
          await old.query(
            `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${slot}' AND active`,
          );
          for (let attempt = 0; ; attempt++) {
            try {
              await old.query(`SELECT pg_drop_replication_slot('${slot}')`);
              return;
            } catch (error) {
              if (attempt > 50) throw error;
              await new Promise((resolve) => setTimeout(resolve, 20));
            }
          }
        },
      };
    },
  };
}
