/** What `--help` prints below the usage line that meow makes. */
export const HELP = `
  forkpoint: what did the failover lose? Reads a crashed old PostgreSQL primary and the promoted new
  one, offline and read-only, finds where they parted, and turns the lost transactions back into SQL.

  Usage
    $ forkpoint [OLD] [NEW]             the full-screen program; what is missing is asked for
    $ forkpoint inspect OLD NEW         both sides, the fork, and what is lost in numbers
    $ forkpoint list    OLD NEW         a line for each lost transaction, in commit order
    $ forkpoint export  OLD NEW         the lost transactions as SQL, wal2json, CSV or a report
    $ forkpoint check   OLD NEW         what the running new primary makes of them
    $ forkpoint preserve OLD NEW -o DIR copies what was lost, and what it takes to read it
    $ forkpoint rewind  OLD NEW         whether pg_rewind can make a standby of OLD, and the exact command
    $ forkpoint demo                    the full-screen program on the bundled sample incident

    OLD  the old primary: its data directory, stopped, or a directory with nothing but its WAL
    NEW  the new primary: its data directory, or postgres://user@host/database of the running server

  Where to find WAL
    --old-wal PLACE          one more place with the old side's WAL (repeatable): an archive, plain or
                             packed with gzip, zstd or lz4; another node's data directory; or
                             postgres://… of a running server of this cluster that still has it
    --new-wal PLACE          the same for the new side
    --restore-command CMD    a shell command that fetches a segment: %f is its name, %p where to put it
    --run-restore-command    run the restore_command that a side's own configuration holds (inspect
                             shows it)
    --restore-timeout S      seconds it may take for one segment (300)
    --fork LSN               where the two parted, when their histories cannot tell
    --temp-dir DIR           for what does not fit in memory (private, removed at the end)
    --temp-limit SIZE        put no more there than 500MB, 2GB … in all threads together; old rows
                             that would need more are not known then, and said not to be. Segments
                             that are unpacked or fetched come on top
    --jobs N                 threads that decode rows for an export (1; 2 from 128 MB of lost WAL on
                             where there are two processors); each reads WAL for itself, has files in
                             --temp-dir, and takes some 100 MB.
                             All of many small transactions as SQL is written while it is read, from
                             64 MB on by a second thread, which takes 40 MB
    --max-memory SIZE        most that verdicts may remember of rows, most of it in --temp-dir; beyond
                             it they are unknown (what --temp-limit leaves)

  Output
    --json                   inspect, rewind: one object; list, check: an object a line
    --filter EXPR            list, export, check: only what the expression lets through
    -o, --output FILE        export: write here; - or nothing is standard output. A directory gets a
                             file for each database. preserve: the new directory to copy to
    --overwrite              export: replace an existing file
    --format FORMAT          export: sql (default), wal2json, csv or report
    --undo                   export: SQL that takes the transactions back, the last one first
    --guard                  export: SQL whose statements fail unless they meet the row they expect
    --ddl                    export: run reconstructed DDL in its place, else it is written as comments
    --partition-root         export: rows of partitions as rows of the partitioned table they belong to
    --against URL            check: the running new primary, postgres://user@host/database (NEW, when that
                             is a server)
    --dry-run                check: also try the SQL there, in one transaction that is rolled back;
                             triggers fire, row locks are held meanwhile, sequences may move on

  Filter: words that must all hold
    table:orders  schema:shop  db:app  op:insert|update|delete|truncate|ddl  key:42
    xid:738  xid:700..800  lsn:0/A0..0/B0  rows:>100  state:prepared
    time:>=12:00:03  time:12:00..12:30  time:2026-11-21T12:00..13:00   (UTC)
    verdict:clean|applied|dependency|changed|missing|exists|unique|unknown
    -word negates, "quotes" hold spaces, * in a name is anything, bare words search the rows' text

  Other
    --version, --help

  Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but incomplete (WAL missing, rows that could not
  be decoded, transactions in doubt left out). check: 0 when all is clean, 1 when something is in the
  way, 3 when nothing is but not everything could be checked.

  Examples
    $ forkpoint inspect /srv/old/data /srv/new/data
    $ forkpoint list old new --filter 'table:orders verdict:clean time:>=12:00'
    $ forkpoint export old new --guard -o lost.sql && psql -v ON_ERROR_STOP=1 -f lost.sql app
    $ forkpoint export old postgres://app@new-primary/app --format wal2json | consumer
`;
