/** Which transactions a filter lets through, rows looked into only where nothing else can tell. */
import type { Filter } from './filter.js';
import type { Incident } from './incident.js';
import type { ListedTransaction } from './model.js';

/**
 * Does the filter let this transaction through? Where the summary cannot tell, its rows have to be looked into: there may be millions,
 * so that is done in slices by who asks.
 */
export function passesFilter(
  incident: Incident,
  filter: Filter,
  transaction: ListedTransaction,
): boolean | Generator<void, boolean> {
  const answer = filter.matchesTransaction(transaction);
  return answer === 'needs rows'
    ? filter.lookThrough(transaction, incident.changes(transaction.index))
    : answer;
}

/** What a look came to in the end. */
function outcome(looking: boolean | Generator<void, boolean>): boolean {
  if (typeof looking === 'boolean') return looking;
  for (;;) {
    const { done, value } = looking.next();
    if (done) return value;
  }
}

/** The transactions known so far that a filter lets through, in commit order. */
export function* selectTransactions(incident: Incident, filter: Filter): Generator<ListedTransaction> {
  for (let index = 0; index < incident.length; index++) {
    const transaction = incident.transaction(index);
    if (outcome(passesFilter(incident, filter, transaction))) yield transaction;
  }
}

/**
 * Hands every one of them to `take`, by its position in commit order. About every `milliseconds` it waits for `pause`, which may throw to end it.
 */
export async function eachSelected(
  incident: Incident,
  filter: Filter,
  take: (index: number) => unknown,
  milliseconds: number,
  pause: () => Promise<void>,
): Promise<void> {
  let paused = performance.now();
  const pauseInTime = async (): Promise<void> => {
    if (performance.now() - paused < milliseconds) return;
    await pause();
    paused = performance.now();
  };
  for (let index = 0; index < incident.length; index++) {
    const looking = filter.empty || passesFilter(incident, filter, incident.transaction(index));
    let passes = looking === true;
    if (typeof looking !== 'boolean') {
      for (let next = looking.next(); ; next = looking.next()) {
        if (next.done) {
          passes = next.value;
          break;
        }
        await pauseInTime();
      }
      await pauseInTime();
    } else if (index % 64 === 0) await pauseInTime();
    if (passes) take(index);
  }
}
