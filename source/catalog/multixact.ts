/**
 * pg_multixact: the transactions that share one t_xmax (access/transam/multixact.c). Of these only one can have updated
 * or deleted the tuple; the others hold locks.
 */
import path from 'node:path';
import { SlruReader } from './slru.js';

/** MULTIXACT_MEMBERS_PER_MEMBERGROUP: four bytes of flags, then four xids. */
const MEMBERS_PER_GROUP = 4;
const GROUP_SIZE = 20;

/** MultiXactStatusNoKeyUpdate (access/multixact.h): from here on a member is an updater. */
const FIRST_UPDATER_STATUS = 4;

/** No real multixact has more members; a garbage offset may claim so. */
const MAX_MEMBERS = 1 << 20;

/** Reads pg_multixact, page by page as it is asked. */
export class MultixactReader {
  readonly #offsets: SlruReader;
  readonly #members: SlruReader;
  readonly #offsetsPerPage: number;
  readonly #groupsPerPage: number;

  /** `pageSize` is the cluster's block size in bytes. */
  constructor(dataDirectory: string, pageSize: number) {
    this.#offsets = new SlruReader(path.join(dataDirectory, 'pg_multixact', 'offsets'), pageSize);
    this.#members = new SlruReader(path.join(dataDirectory, 'pg_multixact', 'members'), pageSize);
    this.#offsetsPerPage = pageSize / 4;
    this.#groupsPerPage = Math.floor(pageSize / GROUP_SIZE);
  }

  /** HeapTupleGetUpdateXid: the member that changed the tuple; undefined when all only lock it, or the files do not say. */
  updater(multixact: number): number | undefined {
    const first = this.#offset(multixact);
    if (!first) return undefined;
    // The next multixact's members begin where these end. It may not be there yet; then the members' own
    // zero entries end the list.
    const next = multixact === 0xffffffff ? 1 : multixact + 1;
    const end = this.#offset(next);
    const count = end ? (end - first) >>> 0 : MAX_MEMBERS;
    if (count > MAX_MEMBERS) return undefined;
    for (let index = 0; index < count; index++) {
      const member = (first + index) >>> 0;
      const group = Math.floor(member / MEMBERS_PER_GROUP);
      const page = this.#members.page(Math.floor(group / this.#groupsPerPage));
      if (!page) return undefined;
      const groupOffset = (group % this.#groupsPerPage) * GROUP_SIZE;
      const inGroup = member % MEMBERS_PER_GROUP;
      const xid = page.readUInt32LE(groupOffset + 4 + inGroup * 4);
      if (xid === 0) {
        // The list wraps around by skipping offset 0, whose member is never used.
        if (member === 0) continue;
        return undefined;
      }
      if (page[groupOffset + inGroup] >= FIRST_UPDATER_STATUS) return xid;
    }
    return undefined;
  }

  #offset(multixact: number): number | undefined {
    const page = this.#offsets.page(Math.floor(multixact / this.#offsetsPerPage));
    return page?.readUInt32LE((multixact % this.#offsetsPerPage) * 4);
  }
}
