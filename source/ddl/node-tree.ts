/**
 * PostgreSQL's stored expression trees (pg_node_tree): what nodeToString() writes (nodes/outfuncs.c) and pg_strtok() splits
 * (nodes/read.c): `{CONST :consttype 23 … :constvalue 4 [ 1 0 0 0 0 0 0 0 ]}`, lists in parentheses, `<>` for nothing.
 */

import { CorruptDatumError } from '../bytes/corrupt-datum.js';

/** Why an expression, and with it a statement, cannot be told: one sentence without a full stop. */
export class CannotTellError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'CannotTellError';
  }
}

/** A token that is neither node nor list: a number, a word, a string with its quotes, `<>`. */
export type NodeValue = string | TreeNode | readonly NodeValue[];

/** One node: its type in capitals, and the values of each field (mostly one; a datum is a length and bytes in brackets). */
export class TreeNode {
  constructor(
    readonly type: string,
    readonly fields: ReadonlyMap<string, readonly NodeValue[]>,
  ) {}

  /** The one value of a field. Throws CannotTellError when the node has no such field. */
  #value(field: string): NodeValue {
    const values = this.fields.get(field);
    if (values?.length !== 1)
      throw new CannotTellError(`its stored form has a ${this.type} node without ${field}`);
    return values[0];
  }

  text(field: string): string {
    const value = this.#value(field);
    if (typeof value !== 'string') throw new CannotTellError(`its stored form has an odd ${this.type} node`);
    return value;
  }

  number(field: string): number {
    const value = Number(this.text(field));
    if (!Number.isInteger(value))
      throw new CannotTellError(`its stored form has an odd ${field} in a ${this.type} node`);
    return value;
  }

  flag(field: string): boolean {
    return this.text(field) === 'true';
  }

  /** A node, or undefined for `<>`. */
  node(field: string): TreeNode | undefined {
    const value = this.#value(field);
    if (value === '<>') return undefined;
    if (!(value instanceof TreeNode))
      throw new CannotTellError(`its stored form has an odd ${field} in a ${this.type} node`);
    return value;
  }

  /** A node that has to be there. */
  child(field: string): TreeNode {
    const node = this.node(field);
    if (!node) throw new CannotTellError(`its stored form has a ${this.type} node without ${field}`);
    return node;
  }

  /** A list of nodes; empty for `<>`. */
  nodes(field: string): TreeNode[] {
    const list = this.list(field);
    return list.map((each) => {
      if (!(each instanceof TreeNode))
        throw new CannotTellError(`its stored form has an odd ${field} in a ${this.type} node`);
      return each;
    });
  }

  /** A list of anything; empty for `<>`. */
  list(field: string): readonly NodeValue[] {
    const value = this.#value(field);
    if (value === '<>') return [];
    if (!Array.isArray(value))
      throw new CannotTellError(`its stored form has an odd ${field} in a ${this.type} node`);
    return value;
  }

  /** The bytes of a datum: `length [ b b … ]`, each byte as a signed number. */
  bytes(field: string): Buffer {
    const values = this.fields.get(field) ?? [];
    const [length, open, ...bytes] = values;
    if (bytes.pop() !== ']' || open !== '[')
      throw new CannotTellError(`its stored form has an odd ${field} in a ${this.type} node`);
    const data = Buffer.from(bytes.map((byte) => Number(byte) & 0xff));
    // A datum by value is written as the eight bytes of a Datum, whatever its length.
    if (data.length < Number(length)) throw new CannotTellError('its stored form has a constant cut short');
    return data;
  }
}

/** What an error says of why something cannot be told; other errors than those that stored bytes may lead to are thrown on. */
export function reasonOf(error: unknown): string {
  if (error instanceof CannotTellError) return error.message;
  if (error instanceof CorruptDatumError || error instanceof RangeError)
    return `what is stored makes no sense: ${error.message}`;
  throw error;
}

const DEPTH_LIMIT = 500;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** pg_strtok(): a bracket by itself, or everything up to white space or a bracket, a backslash taking the next character along. */
  next(): string | undefined {
    const text = this.#text;
    while (this.#at < text.length && ' \n\t'.includes(text[this.#at])) this.#at++;
    if (this.#at >= text.length) return undefined;
    const start = this.#at;
    if ('(){}'.includes(text[start])) {
      this.#at++;
      return text[start];
    }
    while (this.#at < text.length && !' \n\t(){}'.includes(text[this.#at])) {
      if (text[this.#at] === '\\' && this.#at + 1 < text.length) this.#at++;
      this.#at++;
    }
    return text.slice(start, this.#at);
  }

  value(token: string, depth: number): NodeValue {
    if (depth > DEPTH_LIMIT) throw new CannotTellError('its stored form is nested too deeply');
    if (token === '{') return this.#node(depth);
    if (token !== '(') return token;
    const list: NodeValue[] = [];
    for (;;) {
      const next = this.next();
      if (next === undefined) throw new CannotTellError('its stored form is cut short');
      if (next === ')') return list;
      list.push(this.value(next, depth + 1));
    }
  }

  #node(depth: number): TreeNode {
    const type = this.next();
    const fields = new Map<string, NodeValue[]>();
    let values: NodeValue[] | undefined;
    for (;;) {
      const token = this.next();
      if (token === undefined || type === undefined)
        throw new CannotTellError('its stored form is cut short');
      if (token === '}') return new TreeNode(type, fields);
      if (token.startsWith(':')) {
        values = [];
        fields.set(token.slice(1), values);
      } else if (values) values.push(this.value(token, depth + 1));
      else throw new CannotTellError(`its stored form has an odd ${type} node`);
    }
  }
}

/** Reads a stored tree: one node, or a list of nodes. Throws CannotTellError when it makes no sense. */
export function parseNodeTree(text: string): NodeValue {
  const reader = new Reader(text);
  const first = reader.next();
  if (first === undefined) throw new CannotTellError('its stored form is empty');
  const value = reader.value(first, 0);
  if (reader.next() !== undefined) throw new CannotTellError('its stored form goes on behind its end');
  return value;
}

/** A token's text: without the backslashes and, for a string, its quotes (debackslash() in nodes/read.c). */
export function tokenText(token: string): string {
  const bare = token.startsWith('"') && token.endsWith('"') && token.length > 1 ? token.slice(1, -1) : token;
  return bare.replace(/\\(.)/gs, '$1');
}
