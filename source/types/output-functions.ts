/** The output functions there are, by the name pg_proc has for them, and the built-in types that use them. */
import { bitOutput } from './bits.js';
import { aclitemOutput, registeredOutput } from './catalog-names.js';
import { dateOutput, timeOutput, timestampOutput, timetzOutput } from './date-time.js';
import { cubeOutput } from './extensions/cube.js';
import { hstoreOutput } from './extensions/hstore.js';
import { isnOutput } from './extensions/isn.js';
import { lqueryOutput, ltreeOutput, ltxtqueryOutput } from './extensions/ltree.js';
import { geometryOutput } from './extensions/postgis.js';
import { halfvecOutput, sparsevecOutput, vectorTypeOutput } from './extensions/vector.js';
import { float4Output, float8Output } from './float.js';
import {
  boxOutput,
  circleOutput,
  lineOutput,
  lsegOutput,
  pathOutput,
  pointOutput,
  polygonOutput,
} from './geometry.js';
import {
  booleanOutput,
  int2Output,
  int4Output,
  int8Output,
  lsnOutput,
  moneyOutput,
  snapshotOutput,
  tidOutput,
  unsigned8Output,
  unsignedOutput,
  vectorOutput,
} from './integers.js';
import { intervalOutput } from './interval.js';
import { jsonbOutput } from './jsonb.js';
import { jsonpathOutput } from './jsonpath.js';
import { inetOutput, macaddrOutput, uuidOutput } from './network.js';
import { numericOutput } from './numeric.js';
import { type OutputFactory, type OutputFunction, overPayload, type PayloadOutput } from './output.js';
import { recordOutput } from './record.js';
import { byteaOutput, charOutput, nameOutput, textOutput, xmlOutput } from './text.js';
import { tsqueryOutput, tsvectorOutput } from './text-search.js';

const plain =
  (output: OutputFunction): OutputFactory =>
  () =>
    output;

const payload = (output: PayloadOutput): OutputFactory => plain(overPayload(output));

/** By pg_proc.proname, so that a type made with another's output function is found too. */
export const OUTPUT_FUNCTIONS: Readonly<Record<string, OutputFactory>> = {
  boolout: plain(booleanOutput),
  byteaout: plain(byteaOutput),
  charout: plain(charOutput),
  nameout: nameOutput,
  cstring_out: nameOutput,
  int2out: plain(int2Output),
  int4out: plain(int4Output),
  int8out: plain(int8Output),
  oidout: plain(unsignedOutput),
  xidout: plain(unsignedOutput),
  cidout: plain(unsignedOutput),
  xid8out: plain(unsigned8Output),
  tidout: plain(tidOutput),
  pg_lsn_out: plain(lsnOutput),
  cash_out: plain(moneyOutput),
  int2vectorout: payload(vectorOutput(2)),
  oidvectorout: payload(vectorOutput(4)),
  pg_snapshot_out: payload(snapshotOutput),
  txid_snapshot_out: payload(snapshotOutput),
  textout: textOutput,
  varcharout: textOutput,
  bpcharout: textOutput,
  json_out: textOutput,
  pg_node_tree_out: textOutput,
  xml_out: xmlOutput,
  jsonb_out: jsonbOutput,
  jsonpath_out: jsonpathOutput,
  numeric_out: plain(numericOutput),
  float4out: plain(float4Output),
  float8out: plain(float8Output),
  date_out: plain(dateOutput),
  time_out: plain(timeOutput),
  timetz_out: plain(timetzOutput),
  timestamp_out: () => timestampOutput(''),
  timestamptz_out: () => timestampOutput('+00'),
  interval_out: plain(intervalOutput),
  bit_out: payload(bitOutput),
  varbit_out: payload(bitOutput),
  point_out: plain(pointOutput),
  line_out: plain(lineOutput),
  lseg_out: plain(lsegOutput),
  box_out: plain(boxOutput),
  path_out: payload(pathOutput),
  poly_out: payload(polygonOutput),
  circle_out: plain(circleOutput),
  inet_out: payload(inetOutput(false)),
  cidr_out: payload(inetOutput(true)),
  macaddr_out: plain(macaddrOutput(6)),
  macaddr8_out: plain(macaddrOutput(8)),
  uuid_out: plain(uuidOutput),
  tsvectorout: tsvectorOutput,
  tsqueryout: tsqueryOutput,
  record_out: recordOutput,
  aclitemout: aclitemOutput,
  regprocout: registeredOutput('regproc'),
  regprocedureout: registeredOutput('regprocedure'),
  regoperout: registeredOutput('regoper'),
  regoperatorout: registeredOutput('regoperator'),
  regclassout: registeredOutput('regclass'),
  regtypeout: registeredOutput('regtype'),
  regroleout: registeredOutput('regrole'),
  regnamespaceout: registeredOutput('regnamespace'),
  regconfigout: registeredOutput('regconfig'),
  regdictionaryout: registeredOutput('regdictionary'),
  regcollationout: registeredOutput('regcollation'),
  citextout: textOutput,
  hstore_out: hstoreOutput,
  isn_out: plain(isnOutput),
  ean13_out: plain(isnOutput),
  ltree_out: ltreeOutput,
  lquery_out: lqueryOutput,
  ltxtq_out: ltxtqueryOutput,
  cube_out: payload(cubeOutput),
  geometry_out: payload(geometryOutput),
  geography_out: payload(geometryOutput),
  vector_out: payload(vectorTypeOutput),
  halfvec_out: payload(halfvecOutput),
  sparsevec_out: payload(sparsevecOutput),
};

/** Types every cluster has, whose OIDs never change (pg_type.dat). Arrays and ranges of them are found by their kind. */
export const BUILT_IN_TYPES: ReadonlyMap<number, string> = new Map([
  [16, 'boolout'],
  [17, 'byteaout'],
  [18, 'charout'],
  [19, 'nameout'],
  [20, 'int8out'],
  [21, 'int2out'],
  [22, 'int2vectorout'],
  [23, 'int4out'],
  [24, 'regprocout'],
  [25, 'textout'],
  [26, 'oidout'],
  [27, 'tidout'],
  [28, 'xidout'],
  [29, 'cidout'],
  [30, 'oidvectorout'],
  [114, 'json_out'],
  [142, 'xml_out'],
  [194, 'pg_node_tree_out'],
  [600, 'point_out'],
  [601, 'lseg_out'],
  [602, 'path_out'],
  [603, 'box_out'],
  [604, 'poly_out'],
  [628, 'line_out'],
  [650, 'cidr_out'],
  [700, 'float4out'],
  [701, 'float8out'],
  [718, 'circle_out'],
  [774, 'macaddr8_out'],
  [790, 'cash_out'],
  [829, 'macaddr_out'],
  [869, 'inet_out'],
  [1033, 'aclitemout'],
  [1042, 'bpcharout'],
  [1043, 'varcharout'],
  [1082, 'date_out'],
  [1083, 'time_out'],
  [1114, 'timestamp_out'],
  [1184, 'timestamptz_out'],
  [1186, 'interval_out'],
  [1266, 'timetz_out'],
  [1560, 'bit_out'],
  [1562, 'varbit_out'],
  [1700, 'numeric_out'],
  [1790, 'textout'],
  [2202, 'regprocedureout'],
  [2203, 'regoperout'],
  [2204, 'regoperatorout'],
  [2205, 'regclassout'],
  [2206, 'regtypeout'],
  [2249, 'record_out'],
  [2275, 'cstring_out'],
  [2950, 'uuid_out'],
  [2970, 'txid_snapshot_out'],
  [3220, 'pg_lsn_out'],
  [3614, 'tsvectorout'],
  [3615, 'tsqueryout'],
  [3734, 'regconfigout'],
  [3769, 'regdictionaryout'],
  [3802, 'jsonb_out'],
  [4072, 'jsonpath_out'],
  [4089, 'regnamespaceout'],
  [4096, 'regroleout'],
  [4191, 'regcollationout'],
  [5038, 'pg_snapshot_out'],
  [5069, 'xid8out'],
]);

/** Extension types by name, for a catalog that does not say which output function a type has. All are variable-length. */
export const EXTENSION_TYPES: ReadonlyMap<string, string> = new Map([
  ['citext', 'citextout'],
  ['hstore', 'hstore_out'],
  ['ltree', 'ltree_out'],
  ['lquery', 'lquery_out'],
  ['ltxtquery', 'ltxtq_out'],
  ['cube', 'cube_out'],
  ['geometry', 'geometry_out'],
  ['geography', 'geography_out'],
  ['vector', 'vector_out'],
  ['halfvec', 'halfvec_out'],
  ['sparsevec', 'sparsevec_out'],
]);
