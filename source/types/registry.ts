/** Every type that can be put into text, and how a type finds its output function. */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import type { Oid, TypeDefinition, TypeLookup } from '../catalog/model.js';
import { arrayOutput } from './array.js';
import { enumOutput } from './catalog-names.js';
import { textReader } from './encoding.js';
import { type OutputContext, type OutputFunction, UndecodableValueError } from './output.js';
import { BUILT_IN_TYPES, EXTENSION_TYPES, OUTPUT_FUNCTIONS } from './output-functions.js';
import { multirangeOutput, rangeOutput } from './range.js';
import { recordOutput } from './record.js';
import { isTrueArray } from './type-name.js';

export { type OutputFunction, UndecodableValueError } from './output.js';
export { formatTypeName } from './type-name.js';

/** One database's types, at one moment: the output functions found so far. */
class Outputs implements OutputContext {
  readonly text: OutputFunction;
  readonly #known = new Map<Oid, OutputFunction>();

  constructor(readonly lookup: TypeLookup) {
    this.text = textReader(lookup.encoding);
  }

  outputOf(typeOid: Oid): OutputFunction {
    let output = this.#known.get(typeOid);
    if (!output) {
      output = this.#find(typeOid);
      this.#known.set(typeOid, output);
    }
    return output;
  }

  #find(typeOid: Oid): OutputFunction {
    const builtIn = BUILT_IN_TYPES.get(typeOid);
    if (builtIn) return OUTPUT_FUNCTIONS[builtIn](this);
    const type = this.lookup.type(typeOid);
    if (!type) throw new UndecodableValueError(`type ${typeOid} is not known`);
    switch (type.kind) {
      case 'd':
        return this.outputOf(type.baseOid);
      case 'e':
        return enumOutput(type);
      case 'c':
        return recordOutput(this);
      case 'r':
        return rangeOutput(this);
      case 'm':
        return multirangeOutput(this);
    }
    if (isTrueArray(type)) return arrayOutput(this);
    const name = namedOutput(type);
    if (name === undefined)
      throw new UndecodableValueError(`the text form of type ${type.schema}.${type.name} is not known`);
    return OUTPUT_FUNCTIONS[name](this);
  }
}

/** By the output function the catalog names; where it names none, by what the type is called and how it is stored. */
function namedOutput(type: TypeDefinition): string | undefined {
  if (type.outputFunction !== undefined)
    return Object.hasOwn(OUTPUT_FUNCTIONS, type.outputFunction) ? type.outputFunction : undefined;
  const extension = EXTENSION_TYPES.get(type.name);
  return extension && type.kind === 'b' && type.length === -1 ? extension : undefined;
}

/** The type itself, or what a domain is in the end over. */
function baseType(typeOid: Oid, lookup: TypeLookup): Oid {
  let oid = typeOid;
  for (let type = lookup.type(oid); type?.kind === 'd'; type = lookup.type(oid)) oid = type.baseOid;
  return oid;
}

/**
 * By which of pg_proc's output functions a type, or the type its domain is over, is put into text, or the enum it is; undefined where
 * neither says it all (arrays, ranges, records) or it is not known.
 */
export function outputForm(typeOid: Oid, lookup: TypeLookup): string | TypeDefinition | undefined {
  const oid = baseType(typeOid, lookup);
  const builtIn = BUILT_IN_TYPES.get(oid);
  if (builtIn !== undefined) return builtIn;
  const type = lookup.type(oid);
  if (type?.kind === 'e') return type;
  return type?.kind === 'b' && !isTrueArray(type) ? namedOutput(type) : undefined;
}

/** Says of which type a value was that made its output function stumble. */
function guard(output: OutputFunction, typeOid: Oid, lookup: TypeLookup): OutputFunction {
  return (bytes, start, end) => {
    try {
      return output(bytes, start, end);
    } catch (error) {
      // A RangeError is a read past the value's end (or a nesting too deep to follow): either way not a value we can tell.
      if (!(error instanceof CorruptDatumError || error instanceof RangeError)) throw error;
      const type = lookup.type(typeOid);
      const name = type ? `${type.schema}.${type.name}` : `type ${typeOid}`;
      throw new UndecodableValueError(`the bytes are not those of a ${name}: ${error.message}`, {
        cause: error,
      });
    }
  };
}

const outputsByLookup = new WeakMap<TypeLookup, { outputs: Outputs; guarded: Map<Oid, OutputFunction> }>();

/**
 * The output function of a type, the same object each time for one lookup. Throws UndecodableValueError when the
 * type's text form is not known; the function throws it for a value that cannot be put into text exactly.
 */
export function outputFunction(typeOid: Oid, lookup: TypeLookup): OutputFunction {
  let entry = outputsByLookup.get(lookup);
  if (!entry) {
    entry = { outputs: new Outputs(lookup), guarded: new Map() };
    outputsByLookup.set(lookup, entry);
  }
  let output = entry.guarded.get(typeOid);
  if (!output) {
    output = guard(entry.outputs.outputOf(typeOid), typeOid, lookup);
    entry.guarded.set(typeOid, output);
  }
  return output;
}

/** int8, int2, int4, oid, float4, float8, numeric. */
const NUMERIC_OIDS: ReadonlySet<Oid> = new Set([20, 21, 23, 26, 700, 701, 1700]);

/** Does the type, or the type its domain is over, print as a bare number? */
export function isNumericType(typeOid: Oid, lookup: TypeLookup): boolean {
  return NUMERIC_OIDS.has(baseType(typeOid, lookup));
}
