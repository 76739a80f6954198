/**
 * Where the chunks of TOASTed values lie in WAL: for each value, the records that wrote them.
 *
 * A chunk is a row (chunk_id oid, chunk_seq int4, chunk_data bytea) of the TOAST relation, and its first attribute stands at the very
 * beginning of its data, so the value's id can be read without deforming it.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { LocalRelation } from './relations.js';

export class ToastChunks {
  /** TOAST relation OID → value id → LSNs of the records that wrote its chunks. */
  readonly #values = new Map<number, Map<number, number[]>>();

  /** Notes the chunk that the record at `lsn` wrote, whose data area begins at `data` of `bytes`. */
  add(relation: LocalRelation, lsn: Lsn, bytes: Buffer, data: number): void {
    if (relation.definition === undefined || data + 4 > bytes.length) return;
    const valueId = bytes.readUInt32LE(data);
    const oid = relation.definition.oid;
    let values = this.#values.get(oid);
    if (!values) {
      values = new Map();
      this.#values.set(oid, values);
    }
    const known = values.get(valueId);
    if (known) known.push(lsn);
    else values.set(valueId, [lsn]);
  }

  /** LSNs of the records that wrote a value's chunks, oldest first; undefined when this WAL has none of them. */
  of(toastRelationOid: number, valueId: number): readonly Lsn[] | undefined {
    return this.#values.get(toastRelationOid)?.get(valueId);
  }
}
