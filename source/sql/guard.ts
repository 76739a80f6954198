/** A statement that fails unless it meets exactly one row. */
import { quoteLiteral } from '../bytes/string-literal.js';

const HINT = 'The row here is not the row this change started from. Nothing of this transaction is kept.';

/** A dollar quote that the text does not hold. */
function dollarQuote(text: string): string {
  for (let attempt = 0; ; attempt++) {
    const tag = attempt === 0 ? '$guard$' : `$guard${attempt}$`;
    if (!text.includes(tag)) return tag;
  }
}

/**
 * Wraps a statement (without semicolon) in a DO block that raises an error naming `subject` unless one row was
 * affected. Columns win over PL/pgSQL's variables, whatever they are called.
 */
export function guardedStatement(sql: string, subject: string): string {
  const message = quoteLiteral(
    // RAISE puts the count where the one lone percent sign is.
    `forkpoint guard: ${subject.replaceAll('%', '%%')} met % rows, expected exactly 1`,
  );
  const hint = quoteLiteral(HINT);
  const body = [
    ' #variable_conflict use_column',
    'DECLARE met bigint; BEGIN',
    `${sql};`,
    `GET DIAGNOSTICS met = ROW_COUNT; IF met <> 1 THEN RAISE EXCEPTION ${message}, met USING HINT = ${hint}; END IF; END `,
  ].join('\n');
  const quote = dollarQuote(body);
  return `DO ${quote}${body}${quote}`;
}

/** A statement of its own (without semicolon) that raises an error naming `subject` unless `condition`, an SQL expression, is true. */
export function guardCondition(condition: string, subject: string): string {
  const message = quoteLiteral(`forkpoint guard: ${subject.replaceAll('%', '%%')} is not what it was`);
  const hint = quoteLiteral(HINT.replaceAll('row', 'object'));
  const body = `BEGIN IF (${condition}) IS NOT TRUE THEN RAISE EXCEPTION ${message} USING HINT = ${hint}; END IF; END`;
  const quote = dollarQuote(body);
  return `DO ${quote}${body}${quote}`;
}

/**
 * A statement of its own (without semicolon) that raises an error while the server holds a transaction of that global identifier prepared:
 * its locks would be waited for for ever.
 */
export function notPreparedHere(gid: string): string {
  const message = quoteLiteral(
    `forkpoint: transaction ${gid} is prepared here, as it was on the old primary before it was committed there`.replaceAll(
      '%',
      '%%',
    ),
  );
  const hint = quoteLiteral(
    `Say COMMIT PREPARED ${quoteLiteral(gid)} here instead and leave this transaction out, or ROLLBACK PREPARED first.`,
  );
  const held = `EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts WHERE gid = ${quoteLiteral(gid)})`;
  const body = `BEGIN IF ${held} THEN RAISE EXCEPTION ${message} USING HINT = ${hint}; END IF; END`;
  const quote = dollarQuote(body);
  return `DO ${quote}${body}${quote}`;
}
