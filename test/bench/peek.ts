/**
 * `node peek.js SOCKET-DIRECTORY PORT SLOT`: has the server decode all that a slot holds, and counts it. For machines without
 * pg_recvlogical; the server collects the lines before it hands them out, so this is somewhat slower than a stream.
 */
import pg from 'pg';

const [host, port, slot] = process.argv.slice(2);
const client = new pg.Client({ host, port: Number(port), user: 'postgres', database: 'postgres' });
await client.connect();
const { rows } = await client.query('SELECT count(*) FROM pg_logical_slot_peek_changes($1, NULL, NULL)', [
  slot,
]);
process.stdout.write(`${rows[0].count} lines\n`);
await client.end();
