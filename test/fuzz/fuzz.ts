/**
 * `npm run fuzz`: damages recorded incidents in every way there is and looks what is told of them. Prints what was tried by kind with its
 * outcomes; ends with 1 when anything was found.
 *
 *   --count N           cases (1000)
 *   --seed N            of the first case (the time); case n has the seed plus n
 *   --incident A/B,...  `pg17/logical`; all recorded ones by default
 */
import { parseArgs } from 'node:util';
import { casesFrom, describeFinding, describeReport, runCases } from './run.js';

const { values } = parseArgs({
  options: { count: { type: 'string' }, seed: { type: 'string' }, incident: { type: 'string' } },
});
const MAJORS = [10, 11, 12, 13, 14, 15, 16, 17, 18];
const ALL = MAJORS.flatMap((major) => [`pg${major}/logical`, `pg${major}/replica`]);

const seed = values.seed === undefined ? Math.floor(Date.now() / 1000) : Number(values.seed);
const count = Number(values.count ?? 1000);
console.log(`${count} cases from seed ${seed}`);
const report = await runCases(
  casesFrom(seed, count, values.incident?.split(',') ?? ALL),
  (finding) => console.log(describeFinding(finding)),
  ({ tried, findings }) => console.error(`${tried} tried, ${findings.length} findings`),
);
console.log(describeReport(report));
process.exitCode = report.findings.length > 0 ? 1 : 0;
