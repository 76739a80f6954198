/**
 * Settings as a stopped server's own files give them: postgresql.conf with its includes, postgresql.auto.conf, and, before 12,
 * recovery.conf. The grammar is that of guc-file.l: a name, perhaps `=`, a value that is a word or quoted; the last one wins.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A setting, and the line it stands in. */
export interface ConfiguredSetting {
  readonly value: string;
  /** `/srv/data/postgresql.auto.conf:3`. */
  readonly where: string;
}

/** Includes that include: CONF_FILE_MAX_DEPTH (utils/conffiles.h). */
const DEEPEST = 10;

const ASSIGNMENT = /^\s*([A-Za-z_][A-Za-z0-9_$.]*)\s*(?:=\s*|\s+)(.*)$/;

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** A value as it is written, up to a comment or the line's end (GUC_scanstr); undefined when its quote is never closed. */
export function parseConfiguredValue(text: string): string | undefined {
  if (!text.startsWith("'")) return /^[^\s#]*/.exec(text)?.[0] ?? '';
  let value = '';
  for (let at = 1; at < text.length; at++) {
    const character = text[at];
    if (character === "'") {
      if (text[at + 1] !== "'") return value;
      value += "'";
      at++;
    } else if (character === '\\' && at + 1 < text.length) {
      const octal = /^[0-7]{1,3}/.exec(text.slice(at + 1))?.[0];
      if (octal) {
        value += String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
        at += octal.length;
      } else {
        at++;
        value += ESCAPES[text[at]] ?? text[at];
      }
    } else value += character;
  }
  return undefined;
}

class Collected {
  readonly settings = new Map<string, ConfiguredSetting>();

  /** Takes a file's settings; one that cannot be read gives none. */
  file(path: string, depth = 0): void {
    if (depth > DEEPEST) return;
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      return;
    }
    text.split(/\r?\n/).forEach((line, at) => {
      const match = /^\s*#/.test(line) ? null : ASSIGNMENT.exec(line);
      const value = match && parseConfiguredValue(match[2]);
      if (!match || value === null || value === undefined) return;
      const name = match[1].toLowerCase();
      const beside = resolve(dirname(path), value);
      if (name === 'include' || name === 'include_if_exists') this.file(beside, depth + 1);
      else if (name === 'include_dir') this.#directory(beside, depth + 1);
      else this.settings.set(name, { value, where: `${path}:${at + 1}` });
    });
  }

  /** include_dir takes *.conf that do not begin with a dot, sorted by the bytes of their names. */
  #directory(path: string, depth: number): void {
    let names: string[];
    try {
      names = readdirSync(path);
    } catch {
      return;
    }
    const included = names.filter((name) => name.endsWith('.conf') && !name.startsWith('.'));
    for (const name of included.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
      this.file(join(path, name), depth);
  }
}

/** The configuration file that the server was last started with, when it does not lie in the data directory (Debian). */
function startedWith(dataDirectory: string): string | undefined {
  try {
    const options = readFileSync(join(dataDirectory, 'postmaster.opts'), 'utf8');
    return /"?(?:-c"? "?|--)config_file=([^"\n]+?)"?(?:\s|$)/.exec(options)?.[1];
  } catch {
    return undefined;
  }
}

/** All settings that a data directory's files give, by their names in small letters. Never throws: what cannot be read is left out. */
export function readConfiguration(
  dataDirectory: string,
  majorVersion: number,
): ReadonlyMap<string, ConfiguredSetting> {
  const collected = new Collected();
  const elsewhere = startedWith(dataDirectory);
  if (elsewhere) collected.file(resolve(dataDirectory, elsewhere));
  collected.file(join(dataDirectory, 'postgresql.conf'));
  collected.file(join(dataDirectory, 'postgresql.auto.conf'));
  if (majorVersion < 12) {
    // From 12 on these are ordinary settings; before, they stood in files of their own.
    collected.file(join(dataDirectory, 'recovery.done'));
    collected.file(join(dataDirectory, 'recovery.conf'));
  }
  return collected.settings;
}
