/**
 * What differs between PostgreSQL's majors, one row each, chosen once when a cluster is opened.
 * Sources: access/xlog_internal.h (XLOG_PAGE_MAGIC), catalog/pg_control.h (PG_CONTROL_VERSION),
 * catalog/catversion.h (CATALOG_VERSION_NO), common/relpath.h (TABLESPACE_VERSION_DIRECTORY).
 */

/** One major's row. */
export interface MajorVersion {
  readonly major: number;
  /** XLOG_PAGE_MAGIC: the first two bytes of every WAL page. */
  readonly walPageMagic: number;
  /** PG_CONTROL_VERSION: the layout of pg_control; 13 to 16 share one. */
  readonly controlVersion: number;
  /** CATALOG_VERSION_NO of its releases. */
  readonly catalogVersion: number;
}

/** Every major forkpoint knows, oldest first. */
export const MAJOR_VERSIONS: readonly MajorVersion[] = [
  { major: 10, walPageMagic: 0xd097, controlVersion: 1002, catalogVersion: 201707211 },
  { major: 11, walPageMagic: 0xd098, controlVersion: 1100, catalogVersion: 201809051 },
  { major: 12, walPageMagic: 0xd101, controlVersion: 1201, catalogVersion: 201909212 },
  { major: 13, walPageMagic: 0xd106, controlVersion: 1300, catalogVersion: 202007201 },
  { major: 14, walPageMagic: 0xd10d, controlVersion: 1300, catalogVersion: 202107181 },
  { major: 15, walPageMagic: 0xd110, controlVersion: 1300, catalogVersion: 202209061 },
  { major: 16, walPageMagic: 0xd113, controlVersion: 1300, catalogVersion: 202307071 },
  { major: 17, walPageMagic: 0xd116, controlVersion: 1700, catalogVersion: 202406281 },
  { major: 18, walPageMagic: 0xd118, controlVersion: 1800, catalogVersion: 202506291 },
];

/** `10 to 18`: for messages. */
export const SUPPORTED_MAJORS = `${MAJOR_VERSIONS[0].major} to ${MAJOR_VERSIONS[MAJOR_VERSIONS.length - 1].major}`;

const byMagic = new Map(MAJOR_VERSIONS.map((version) => [version.walPageMagic, version]));
const byMajor = new Map(MAJOR_VERSIONS.map((version) => [version.major, version]));
const byCatalog = new Map(MAJOR_VERSIONS.map((version) => [version.catalogVersion, version]));

/** The major whose WAL pages carry this magic; undefined when unknown. */
export function versionOfPageMagic(magic: number): MajorVersion | undefined {
  return byMagic.get(magic);
}

/** A major's row; undefined when forkpoint does not know it. */
export function versionOfMajor(major: number): MajorVersion | undefined {
  return byMajor.get(major);
}

/** The major with this catalog version number; undefined when unknown (a beta, a fork, a newer release). */
export function versionOfCatalog(catalogVersion: number): MajorVersion | undefined {
  return byCatalog.get(catalogVersion);
}

/** TABLESPACE_VERSION_DIRECTORY: the folder a major makes in every tablespace, `PG_17_202406281`. */
export function tablespaceVersionDirectory(version: MajorVersion): string {
  return `PG_${version.major}_${version.catalogVersion}`;
}
