/**
 * Resource managers and those of their operations that forkpoint reads (access/rmgrlist.h and the managers' own headers).
 * The numbers have been the same since 10.
 */

/** RM_*_ID. */
export const ResourceManager = {
  xlog: 0,
  transaction: 1,
  storage: 2,
  database: 4,
  multixact: 6,
  relationMap: 7,
  standby: 8,
  heap2: 9,
  heap: 10,
  sequence: 15,
  logicalMessage: 21,
} as const;

/** The bits of xl_info that name the operation (~XLR_INFO_MASK), without a heap record's init-page bit. */
export const XlogOperation = {
  checkpointShutdown: 0x00,
  checkpointOnline: 0x10,
  nextOid: 0x30,
  switch: 0x40,
  parameterChange: 0x60,
  endOfRecovery: 0x90,
  fullPageImageForHint: 0xa0,
  fullPageImage: 0xb0,
} as const;

/** XLOG_XACT_* under XLOG_XACT_OPMASK (access/xact.h). */
export const TransactionOperation = {
  mask: 0x70,
  commit: 0x00,
  prepare: 0x10,
  abort: 0x20,
  commitPrepared: 0x30,
  abortPrepared: 0x40,
  assignment: 0x50,
  /** XLOG_XACT_HAS_INFO. */
  hasInfo: 0x80,
} as const;

/** XLOG_HEAP_* under XLOG_HEAP_OPMASK (access/heapam_xlog.h). */
export const HeapOperation = {
  mask: 0x70,
  insert: 0x00,
  delete: 0x10,
  update: 0x20,
  truncate: 0x30,
  hotUpdate: 0x40,
  confirm: 0x50,
  lock: 0x60,
  inplace: 0x70,
  /** XLOG_HEAP_INIT_PAGE: the page is made anew before the tuple goes onto it. */
  initPage: 0x80,
} as const;

/** XLOG_HEAP2_*: the only one whose number and meaning never moved and that writes tuples. */
export const Heap2Operation = {
  mask: 0x70,
  multiInsert: 0x50,
} as const;

/** XLOG_MULTIXACT_* (access/multixact.h). */
export const MultixactOperation = { create: 0x20 } as const;

/** XLOG_STANDBY_*: XLOG_RUNNING_XACTS (storage/standbydefs.h). */
export const StandbyOperation = { runningTransactions: 0x10 } as const;
/** XLOG_SMGR_CREATE (catalog/storage_xlog.h). */
export const StorageOperation = { create: 0x10 } as const;
/** XLOG_RELMAP_UPDATE (utils/relmapper.h). */
export const RelationMapOperation = { update: 0x00 } as const;
