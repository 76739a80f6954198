/** A process that runs cases, one after the other, and tells its parent of each: the parent kills it when one takes too long. */
import { type Case, type CaseResult, runCase } from './cases.js';

/** What a child says. `began` comes before anything is done, so that whoever kills it knows in which case it was. */
export type ChildMessage =
  | { readonly began: Case }
  | {
      readonly ended: Case;
      readonly result: CaseResult;
      readonly rss: number;
      readonly milliseconds: number;
    };

process.on('message', (cases: readonly Case[]) => {
  void (async () => {
    for (const each of cases) {
      process.send!({ began: each } satisfies ChildMessage);
      const start = performance.now();
      const result = await runCase(each);
      const rss = process.resourceUsage().maxRSS * 1024;
      process.send!({
        ended: each,
        result,
        rss,
        milliseconds: performance.now() - start,
      } satisfies ChildMessage);
    }
    process.disconnect();
  })();
});
