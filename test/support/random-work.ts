/**
 * Work that nobody thought of: tables of random make, written by several sessions at once, with everything that moves rows about in
 * pages and in WAL. All of it comes from one seed.
 */
import { join } from 'node:path';
import type pg from 'pg';
import type { Server } from '../servers/server.js';
import { seeded } from './seeded.js';

interface Column {
  readonly name: string;
  readonly type: string;
  /** Takes a value: not a generated one. */
  readonly writable: boolean;
}

interface WorkTable {
  name: string;
  columns: Column[];
  /** Those it ever had: a transaction that added or dropped some may be taken back. */
  readonly known: Column[];
  /** Columns of its primary key: `id`, and with partitions what they go by. */
  readonly key: readonly string[];
  readonly partitioned: boolean;
}

/** Types of columns, and SQL that makes a value of an integer expression and a salt. */
const TYPES: Readonly<Record<string, (i: string, salt: number) => string>> = {
  int4: (i, salt) => `((${i}) * ${salt} % 100003)::int`,
  int8: (i, salt) => `((${i})::int8 * ${salt}1000003)`,
  int2: (i, salt) => `((${i}) * ${salt} % 30000)::int2`,
  bool: (i, salt) => `((${i}) % 3 = ${salt % 3})`,
  text: (i, salt) => `md5((${i})::text || '.${salt}')`,
  'varchar(40)': (i, salt) => `left(md5((${i} + ${salt})::text), 1 + abs((${i}) * ${salt} % 30))`,
  'char(8)': (i, salt) => `left(md5((${i} + ${salt})::text), abs((${i}) % 9))`,
  'numeric(20,4)': (i, salt) => `((${i}) * ${salt}::numeric / 7)`,
  numeric: (i, salt) => `((${i})::numeric ^ ${salt % 9} / 3)`,
  float8: (i, salt) => `((${i}) / ${salt}.7::float8)`,
  float4: (i, salt) => `((${i}) / ${salt}.3::float4)`,
  date: (i, salt) => `(date '2000-01-01' + ((${i}) * ${salt} % 20000)::int)`,
  timestamptz: (i, salt) =>
    `(timestamptz '2026-01-01 00:00:00+00' + ((${i}) * ${salt}) * interval '1.000001 s')`,
  interval: (i, salt) => `((${i}) * ${salt} * interval '1 day 00:00:00.5')`,
  jsonb: (i, salt) => `jsonb_build_object('i', ${i}, 's', md5((${i} + ${salt})::text), 'n', NULL)`,
  json: (i, salt) => `json_build_object('i', ${i}, 'salt', ${salt})`,
  'text[]': (i, salt) => `ARRAY[md5((${i})::text), NULL, '${salt} "q"']`,
  'int4[]': (i, salt) => `ARRAY[${i}, ${salt}, NULL]::int4[]`,
  bytea: (i, salt) => `decode(md5((${i} * ${salt})::text), 'hex')`,
  uuid: (i, salt) => `md5((${i})::text || '${salt}')::uuid`,
  int4range: (i, salt) => `int4range((${i})::int, (${i})::int + ${salt})`,
  point: (i, salt) => `point(${i}, ${salt})`,
  inet: (i, salt) => `('10.${salt % 250}.0.0'::inet + abs(${i}))`,
  'bit varying': (i) => `(${i})::int::bit(32)::varbit`,
  mood: (i) => `(ARRAY['sad', 'ok', 'happy'])[1 + abs(${i}) % 3]::mood`,
  place: (i, salt) => `ROW('street ' || ${i}, ${salt})::place`,
  long_text: (i, salt) => longText(i, salt),
};

/** Long enough for TOAST now and then, well and badly compressible. */
function longText(i: string, salt: number): string {
  const incompressible = `(SELECT string_agg(md5(((${i}) * ${salt} + g)::text), '') FROM generate_series(1, ${1 + (salt % 200)}) g)`;
  return salt % 2 === 0 ? incompressible : `repeat('${salt} compressible ', ${1 + ((salt * 7) % 900)})`;
}

/** The SQL type of one of TYPES. */
function sqlType(type: string): string {
  return type === 'long_text' ? 'text' : type;
}

export interface RandomWorkOptions {
  readonly major: number;
  readonly seed: number;
  /** Change tables themselves in what is lost, too. */
  readonly ddl: boolean;
  /** After the cut no key is given up that may be taken again: some tables only lose rows, others only gain them. */
  readonly keepKeys?: boolean;
  /** How many times as much is done after the cut: 1 by default. */
  readonly length?: number;
}

/** One client with what it has begun. */
interface Session {
  readonly client: pg.Client;
  open: boolean;
  savepoints: number;
  /** It has locked a table against everybody: prepared, it would keep whoever looks at the tables later waiting for ever. */
  exclusive: boolean;
  /** It has changed a table itself. */
  altered: boolean;
}

export class RandomWork {
  readonly #options: RandomWorkOptions;
  readonly #random: (most: number) => number;
  readonly #tables: WorkTable[] = [];
  readonly #sessions: Session[] = [];
  readonly #prepared: string[] = [];
  /** Tables truncated after the cut: undo cannot bring their rows back. */
  readonly truncated = new Set<string>();
  /** Statements run, and those of them that the server refused. */
  readonly log: string[] = [];
  #refused = 0;
  #names = 0;
  #lost = false;

  constructor(options: RandomWorkOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
  }

  /** How much was done, for the record. */
  get summary(): string {
    return `seed ${this.#options.seed}: ${this.log.length} statements on ${this.#tables.length} tables, ${this.#refused} refused`;
  }

  /** Tables and their first rows; some changes to the tables. For `before`. */
  async setUp(old: Server): Promise<void> {
    const admin = await old.connect();
    await admin.query(
      `CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TYPE place AS (street text, number int); SET lock_timeout = 2000`,
    );
    await admin.query(
      'CREATE SEQUENCE numbers; CREATE UNLOGGED TABLE unlogged (id int8 PRIMARY KEY, n int4)',
    );
    const count = 3 + this.#below(4);
    for (let n = 0; n < count; n++) await this.#createTable(admin);
    for (const table of this.#tables) {
      await this.#run(admin, this.#insert(table, 20 + this.#below(200)));
      if (this.#chance(2)) await this.#run(admin, this.#alter(table));
    }
    await admin.end();
  }

  /** Writes while the standby follows; what was begun goes on after the cut. For `shared`. */
  async workShared(old: Server): Promise<void> {
    for (let n = 0; n < 3; n++) {
      const client = await old.connect();
      await client.query('SET lock_timeout = 40');
      this.#sessions.push({ client, open: false, savepoints: 0, exclusive: false, altered: false });
    }
    await this.#work(old, 15 + this.#below(30));
  }

  /** Writes what is lost. What is open in the end is met by the crash. For `lost`. */
  async workAlone(old: Server): Promise<void> {
    this.#lost = true;
    await this.#work(old, (60 + this.#below(90)) * (this.#options.length ?? 1));
    for (const session of this.#sessions) {
      if (this.#chance(3)) continue;
      await this.#end(session);
    }
    // A commit flushes what was written so far: the crash then takes nothing that was said to be done.
    await this.#run(this.#sessions[0].client, 'SELECT pg_switch_wal()');
  }

  /** Writes on the new primary after its promotion, on tables as they were at the fork. For `after`. */
  async workOnNewPrimary(promoted: Server): Promise<void> {
    const client = await promoted.connect();
    await client.query('SET lock_timeout = 40');
    const session = { client, open: false, savepoints: 0, exclusive: false, altered: false };
    for (let n = 10 + this.#below(30); n > 0; n--) await this.#write(session, promoted);
    await client.end();
  }

  get #keepsKeys(): boolean {
    return this.#lost && this.#options.keepKeys === true;
  }

  #below(limit: number): number {
    return this.#random(limit) - 1;
  }

  #chance(oneIn: number): boolean {
    return this.#random(oneIn) === 1;
  }

  #pick<Value>(list: readonly Value[]): Value {
    return list[this.#below(list.length)];
  }

  /** Runs a statement; the server may refuse it (a lock, a key, a transaction that failed before). */
  async #run(client: pg.Client, sql: string): Promise<boolean> {
    this.log.push(sql);
    try {
      await client.query(sql);
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'severity' in error)) throw error;
      this.log.push(`-- ${error.message}`);
      this.#refused++;
      return false;
    }
  }

  async #createTable(admin: pg.Client): Promise<void> {
    const { major } = this.#options;
    const name = this.#pick(['t', 'Odd Name', 'sel"ect', 'tbl_é']) + ++this.#names;
    const quoted = quote(name);
    const partitioned = major >= 11 && this.#chance(5);
    const keyed = partitioned || !this.#chance(3);
    const columns: Column[] = [
      { name: 'id', type: 'int8', writable: true },
      { name: 'n', type: 'int4', writable: true },
    ];
    for (let more = 1 + this.#below(6); more > 0; more--) columns.push(this.#newColumn());
    const definitions = columns.map((column) => `${quote(column.name)} ${sqlType(column.type)}`);
    if (major >= 12 && this.#chance(4)) {
      columns.push({ name: 'made', type: 'int8', writable: false });
      definitions.push('made int8 GENERATED ALWAYS AS (n * 2::int8 + 1) STORED');
    }
    const key = keyed ? (partitioned ? ['id', 'n'] : ['id']) : [];
    if (keyed) definitions.push(`PRIMARY KEY (${key.join(', ')})`);
    const fillfactor = partitioned ? '' : ` WITH (fillfactor = ${this.#pick([10, 50, 90, 100])})`;
    await admin.query(
      `CREATE TABLE ${quoted} (${definitions.join(', ')})${partitioned ? ' PARTITION BY HASH (n)' : fillfactor}`,
    );
    if (partitioned) {
      for (const part of [0, 1, 2]) {
        const name = quote(`${this.#names} part ${part}`);
        await admin.query(
          `CREATE TABLE ${name} PARTITION OF ${quoted} FOR VALUES WITH (MODULUS 3, REMAINDER ${part})`,
        );
      }
    } else if (this.#chance(3)) {
      await admin.query(`ALTER TABLE ${quoted} REPLICA IDENTITY FULL`);
    } else if (this.#chance(6)) {
      await admin.query(`ALTER TABLE ${quoted} REPLICA IDENTITY NOTHING`);
    } else if (keyed && this.#chance(4)) {
      await admin.query(
        `ALTER TABLE ${quoted} ALTER n SET NOT NULL; CREATE UNIQUE INDEX "${this.#names} both" ON ${quoted} (n, id); ALTER TABLE ${quoted} REPLICA IDENTITY USING INDEX "${this.#names} both"`,
      );
    }
    if (this.#chance(3)) await admin.query(`CREATE INDEX ON ${quoted} (n)`);
    this.#tables.push({ name, columns, known: [...columns], key, partitioned });
  }

  #newColumn(): Column {
    const type = this.#pick(Object.keys(TYPES));
    return { name: this.#pick(['c', 'Column ', 'é"']) + ++this.#names, type, writable: true };
  }

  /** Columns and their values for rows numbered by `i`. */
  #values(table: WorkTable, i: string): { names: string[]; values: string[] } {
    const columns = table.columns.filter(
      ({ writable, name }) => writable && (name === 'id' || name === 'n' || !this.#chance(6)),
    );
    return {
      names: columns.map(({ name }) => quote(name)),
      values: columns.map((column) => (column.name === 'id' ? `(${i})::int8` : this.#value(column, i))),
    };
  }

  #value(column: Column, i: string): string {
    const value = TYPES[column.type](i, 1 + this.#below(500));
    if (column.name === 'n') return `abs(${value})`;
    return this.#chance(4)
      ? `CASE WHEN (${i}) % ${2 + this.#below(4)} = 0 THEN NULL ELSE ${value} END`
      : value;
  }

  #insert(table: WorkTable, rows: number): string {
    const from = this.#below(1500);
    const { names, values } = this.#values(table, 'i');
    const conflict = table.key.length > 0 ? this.#conflict(table) : '';
    return `INSERT INTO ${quote(table.name)} (${names.join(', ')}) SELECT ${values.join(', ')} FROM generate_series(${from}, ${from + rows}) i ${conflict}`;
  }

  #conflict(table: WorkTable): string {
    if (this.#chance(3)) return '';
    if (this.#chance(2)) return 'ON CONFLICT DO NOTHING';
    const [column, value] = this.#assignment(table, 'excluded.id');
    return `ON CONFLICT (${table.key.join(', ')}) DO UPDATE SET ${column} = ${value}`;
  }

  #assignment(table: WorkTable, i: string): [string, string] {
    const column = this.#pick(
      table.columns.filter(({ writable, name }) => writable && name !== 'id' && name !== 'n'),
    );
    return [quote(column.name), this.#value(column, i)];
  }

  #where(table: WorkTable): string {
    const alias = quote(table.name);
    const from = this.#below(1500);
    return this.#pick([
      `${alias}.id BETWEEN ${from} AND ${from + this.#below(60)}`,
      `${alias}.id BETWEEN ${from} AND ${from + this.#below(600)} AND ${alias}.n % ${2 + this.#below(5)} = 0`,
      `${alias}.id % ${20 + this.#below(80)} = ${this.#below(20)}`,
    ]);
  }

  #update(table: WorkTable): string {
    const sets = new Map<string, string>();
    for (let n = 1 + this.#below(2); n > 0; n--) sets.set(...this.#assignment(table, 'id'));
    const moves = this.#keepsKeys && table.partitioned;
    if (this.#chance(4) && !moves) sets.set('n', `n + ${this.#below(9)}`);
    if (this.#chance(8) && !this.#keepsKeys) sets.set('id', `${quote(table.name)}.id + 100000`);
    const list = [...sets].map(([column, value]) => `${column} = ${value}`);
    return `UPDATE ${quote(table.name)} SET ${list.join(', ')} WHERE ${this.#where(table)}`;
  }

  /** Several statements in one transaction on the same few rows, again and again. */
  #churn(table: WorkTable): string {
    const id = this.#below(1500);
    const statements = [this.#insertOne(table, id)];
    for (let n = 1 + this.#below(12); n > 0; n--) {
      const [column, value] = this.#assignment(table, `(id + ${this.#below(1000)})`);
      const where = `id BETWEEN ${id} AND ${id + this.#below(4)}`;
      if (this.#chance(9) && !this.#keepsKeys)
        statements.push(`DELETE FROM ${quote(table.name)} WHERE ${where}`, this.#insertOne(table, id));
      else statements.push(`UPDATE ${quote(table.name)} SET ${column} = ${value} WHERE ${where}`);
    }
    return (this.#keepsKeys ? statements.slice(1) : statements).join('; ');
  }

  #insertOne(table: WorkTable, id: number): string {
    const { names, values } = this.#values(table, `${id}`);
    const conflict = table.key.length > 0 ? ' ON CONFLICT DO NOTHING' : '';
    return `INSERT INTO ${quote(table.name)} (${names.join(', ')}) VALUES (${values.join(', ')})${conflict}`;
  }

  /** Rows taken out and put in again in one statement: other tuples with the same or a longer row. */
  #moveTo(table: WorkTable): string {
    const { name } = table;
    const list = table.columns.filter(({ writable }) => writable).map((each) => quote(each.name));
    const select = list.map((each) => (each === '"id"' ? 'id + 300000' : each)).join(', ');
    if (this.#keepsKeys) return this.#update(table);
    return `WITH gone AS (DELETE FROM ${quote(name)} WHERE ${this.#where(table)} RETURNING *) INSERT INTO ${quote(name)} (${list.join(', ')}) SELECT ${select} FROM gone ${table.key.length > 0 ? 'ON CONFLICT DO NOTHING' : ''}`;
  }

  #copy(table: WorkTable, old: Server): string {
    const path = join(old.socketDirectory, 'lines');
    const insert = this.#insert(table, 1 + this.#below(150));
    const [, names, select] = /\((.*?)\) (SELECT .*? FROM generate_series\(\d+, \d+\) i)/s.exec(insert)!;
    return `COPY (${select}) TO '${path}'; COPY ${quote(table.name)} (${names}) FROM '${path}'`;
  }

  /** Changes a table itself, and notes how it is then. */
  #alter(table: WorkTable): string {
    const name = quote(table.name);
    const droppable = table.columns.filter(({ name: each }) => each !== 'id' && each !== 'n');
    switch (this.#below(table.partitioned ? 3 : 6)) {
      case 0: {
        const column = this.#newColumn();
        const value = this.#chance(2) ? ` DEFAULT ${TYPES[column.type]('7', 3)}` : '';
        // A default may not hold a subquery.
        const usable = value.includes('SELECT') ? '' : value;
        table.columns = [...table.columns, column];
        table.known.push(column);
        return `ALTER TABLE ${name} ADD COLUMN ${quote(column.name)} ${sqlType(column.type)}${usable}`;
      }
      case 1: {
        if (droppable.length < 2) return `ANALYZE ${name}`;
        const column = this.#pick(droppable);
        const left = table.columns.filter((each) => each !== column);
        if (!left.some(({ writable, name: each }) => writable && each !== 'id' && each !== 'n'))
          return `ANALYZE ${name}`;
        table.columns = left;
        return `ALTER TABLE ${name} DROP COLUMN ${quote(column.name)}`;
      }
      case 2:
        return `CREATE INDEX ON ${name} (n, id)`;
      case 3: {
        const long = table.columns.find(({ type }) => type === 'long_text' || type === 'text');
        const storage = this.#pick(['EXTERNAL', 'EXTENDED', 'MAIN']);
        return long
          ? `ALTER TABLE ${name} ALTER ${quote(long.name)} SET STORAGE ${storage}`
          : `ANALYZE ${name}`;
      }
      case 4: {
        if (droppable.length === 0) return `ANALYZE ${name}`;
        const column = this.#pick(droppable);
        const renamed = { ...column, name: `renamed ${++this.#names}` };
        table.columns = table.columns.map((each) => (each === column ? renamed : each));
        table.known.push(renamed);
        return `ALTER TABLE ${name} RENAME ${quote(column.name)} TO ${quote(renamed.name)}`;
      }
      default:
        return `ALTER TABLE ${name} ALTER n TYPE int8; ALTER TABLE ${name} ALTER n TYPE int4`;
    }
  }

  /** What is done besides, between transactions. */
  #besides(): string {
    const { name } = this.#pick(this.#tables);
    const table = quote(name);
    const options = [
      'CHECKPOINT',
      `VACUUM ${table}`,
      `VACUUM FREEZE ${table}`,
      `SELECT count(*) FROM ${table}`,
      `SELECT count(*) FROM ${table} WHERE n > 3`,
      `ANALYZE ${table}`,
      'SELECT pg_switch_wal()',
      `VACUUM FULL ${table}`,
      `SELECT nextval('numbers') FROM generate_series(1, ${1 + this.#below(50)})`,
      `INSERT INTO unlogged SELECT i, i FROM generate_series(1, 5) i ON CONFLICT (id) DO UPDATE SET n = unlogged.n + 1`,
      `SELECT pg_logical_emit_message(true, 'note', repeat('m', ${1 + this.#below(3000)}))`,
    ];
    // It marks the index.
    if (this.#options.ddl || !this.#lost) options.push(`CLUSTER ${table} USING ${quote(`${name}_pkey`)}`);
    return this.#pick(options);
  }

  async #work(old: Server, steps: number): Promise<void> {
    const { ddl } = this.#options;
    for (let step = 0; step < steps; step++) {
      const session = this.#pick(this.#sessions);
      const idle = this.#sessions.filter(({ open }) => !open);
      const way = this.#below(100);
      if (way < 12 && idle.length > 0) await this.#run(this.#pick(idle).client, this.#besides());
      else if (way < 15 && idle.length > 0 && (ddl || !this.#lost)) await this.#changeTable(this.#pick(idle));
      else if (way < 16 && ddl && this.#lost) await this.#changeTable(session);
      else if (way < 19 && ddl && this.#lost) await this.#truncate(session);
      else if (way < 24) await this.#resolvePrepared();
      else if (!session.open && way < 50) await this.#begin(session);
      else if (session.open && way < 40) await this.#end(session);
      else if (session.open && way < 52) await this.#savepoint(session);
      else await this.#write(session, old);
    }
  }

  async #changeTable(session: Session): Promise<void> {
    const table = this.#pick(this.#tables);
    const before = table.columns;
    if (await this.#run(session.client, this.#alter(table))) {
      if (!session.open) return;
      session.altered = true;
      session.exclusive = true;
    } else {
      table.columns = before;
      await this.#failed(session);
    }
  }

  /** A session that has changed tables took something back: what they are like now, the catalog says. */
  async #takenBack(session: Session): Promise<void> {
    if (!session.altered) return;
    const { rows } = await session.client.query<{ table: string; column: string }>(
      `SELECT relname AS table, attname AS column FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p')`,
    );
    for (const table of this.#tables) {
      const there = new Set(rows.filter((row) => row.table === table.name).map((row) => row.column));
      table.columns = table.known.filter(
        ({ name }, i, all) => there.has(name) && all.findIndex((each) => each.name === name) === i,
      );
    }
  }

  async #truncate(session: Session): Promise<void> {
    const table = this.#pick(this.#tables.filter(({ partitioned }) => !partitioned));
    if (!table) return;
    session.exclusive = true;
    if (await this.#run(session.client, `TRUNCATE ${quote(table.name)}`))
      this.truncated.add(`public.${table.name}`);
    else await this.#failed(session);
  }

  async #resolvePrepared(): Promise<void> {
    const gid = this.#prepared.shift();
    const idle = this.#sessions.find(({ open }) => !open);
    if (gid === undefined) return;
    if (!idle) this.#prepared.unshift(gid);
    else await this.#run(idle.client, `${this.#chance(3) ? 'ROLLBACK' : 'COMMIT'} PREPARED '${gid}'`);
  }

  async #begin(session: Session): Promise<void> {
    session.open = await this.#run(session.client, 'BEGIN');
    session.savepoints = 0;
    session.exclusive = false;
    session.altered = false;
  }

  async #end(session: Session): Promise<void> {
    if (!session.open) return;
    session.open = false;
    const way = this.#below(10);
    if (way < 2) {
      await this.#run(session.client, 'ROLLBACK');
      await this.#takenBack(session);
    } else if (way < 4 && !session.exclusive) {
      const gid = `gid ${++this.#names}`;
      if (await this.#run(session.client, `PREPARE TRANSACTION '${gid}'`)) this.#prepared.push(gid);
    } else await this.#run(session.client, 'COMMIT');
  }

  async #savepoint(session: Session): Promise<void> {
    if (session.savepoints > 0 && this.#chance(2)) {
      const back = session.savepoints - this.#below(session.savepoints);
      const way = this.#chance(2) ? 'ROLLBACK TO' : 'RELEASE';
      await this.#run(session.client, `${way} s${back}`);
      session.savepoints = way === 'RELEASE' ? back - 1 : back;
      await this.#takenBack(session);
    } else {
      await this.#run(session.client, `SAVEPOINT s${++session.savepoints}`);
    }
  }

  async #write(session: Session, old: Server): Promise<void> {
    const table = this.#pick(this.#tables);
    let way = this.#below(24);
    if (this.#keepsKeys && way < 18) {
      const loses = this.#tables.indexOf(table) % 2 === 1;
      // No insert there, no delete here.
      if (loses && (way < 6 || way === 17)) way = 15;
      else if (!loses && way >= 14 && way < 17) way = 1;
    }
    let sql: string;
    if (way < 6) sql = this.#insert(table, this.#pick([0, 1, 5, 40]));
    else if (way < 14) sql = this.#update(table);
    else if (way < 17) sql = `DELETE FROM ${quote(table.name)} WHERE ${this.#where(table)}`;
    else if (way < 18) sql = this.#copy(table, old);
    else if (way < 21) sql = this.#churn(table);
    else if (way < 22) sql = this.#moveTo(table);
    else
      sql = `SELECT * FROM ${quote(table.name)} WHERE ${this.#where(table)} FOR ${this.#pick(['UPDATE', 'SHARE', 'KEY SHARE'])}`;
    if (!(await this.#run(session.client, sql))) await this.#failed(session);
  }

  /** A statement failed: what was open is taken back, to the last savepoint when there is one. */
  async #failed(session: Session): Promise<void> {
    if (!session.open) return;
    if (session.savepoints > 0) await this.#run(session.client, `ROLLBACK TO s${session.savepoints}`);
    else {
      await this.#run(session.client, 'ROLLBACK');
      session.open = false;
    }
    await this.#takenBack(session);
  }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
