/** Constants in expressions, as get_const_expr() (utils/adt/ruleutils.c) writes them. */
import { quoteLiteral } from '../bytes/string-literal.js';
import { inlineVarlenaData } from '../bytes/varlena.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { outputFunction, UndecodableValueError } from '../types/registry.js';
import type { ExpressionNames } from './expression-names.js';
import { CannotTellError, type TreeNode } from './node-tree.js';

/** OIDs of types whose constants are written in a way of their own. */
const TYPE = { bool: 16, int4: 23, unknown: 705, numeric: 1700 } as const;

/** Writes CONST nodes. All throw CannotTellError for a value that cannot be read. */
export class Constants {
  readonly #rows: CatalogSnapshot;
  readonly #names: ExpressionNames;

  constructor(rows: CatalogSnapshot, names: ExpressionNames) {
    this.#rows = rows;
    this.#names = names;
  }

  /** get_const_expr(): with its type unless the bare constant has it anyway. */
  text(node: TreeNode, labelled: boolean): string {
    const type = node.number('consttype');
    const typmod = node.number('consttypmod');
    const label = () => `::${this.#names.type(type, typmod)}`;
    if (node.flag('constisnull')) return labelled ? `NULL${label()}${this.#collation(node)}` : 'NULL';
    const value = this.value(node, type);
    let text: string;
    let needsLabel: boolean;
    switch (type) {
      case TYPE.int4:
        needsLabel = value.startsWith('-');
        text = needsLabel ? `'${value}'` : value;
        break;
      case TYPE.numeric:
        needsLabel = !(/^[0-9]/.test(value) && /[eE.]/.test(value));
        text = needsLabel ? `'${value}'` : value;
        needsLabel ||= typmod >= 0;
        break;
      case TYPE.bool:
        text = value === 't' ? 'true' : 'false';
        needsLabel = false;
        break;
      case TYPE.unknown:
        text = quoteLiteral(value);
        needsLabel = false;
        break;
      default:
        text = quoteLiteral(value);
        needsLabel = true;
    }
    if (!labelled) return text;
    return `${text}${needsLabel ? label() : ''}${this.#collation(node)}`;
  }

  #collation(node: TreeNode): string {
    const collation = node.number('constcollid');
    if (collation === 0 || collation === this.#rows.type(node.number('consttype'))?.collationOid) return '';
    return ` COLLATE ${this.#names.collation(collation)}`;
  }

  /** The value as its type prints it, read as one of `type`. */
  value(node: TreeNode, type: Oid = node.number('consttype')): string {
    const data = node.bytes('constvalue');
    const length = node.number('constlen');
    try {
      let bytes: Buffer = data;
      if (length === -1) bytes = inlineVarlenaData(data, 0, data.length);
      else if (length > 0) bytes = data.subarray(0, length);
      if (type === TYPE.unknown) return bytes.subarray(0, bytes.indexOf(0)).toString('utf8');
      return outputFunction(type, this.#rows.types)(bytes, 0, bytes.length);
    } catch (error) {
      if (error instanceof UndecodableValueError || error instanceof RangeError)
        throw new CannotTellError(`it has a constant that cannot be read: ${error.message}`);
      throw error;
    }
  }
}
