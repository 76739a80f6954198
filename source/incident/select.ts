/** Which transactions a filter lets through, rows looked into only where nothing else can tell. */
import type { Filter } from './filter.js';
import type { Incident } from './incident.js';
import type { ListedTransaction } from './model.js';

/** Does the filter let this transaction through? Decodes its rows when the summary cannot tell. */
export function passesFilter(incident: Incident, filter: Filter, transaction: ListedTransaction): boolean {
  const answer = filter.matchesTransaction(transaction);
  return answer === 'needs rows'
    ? filter.matchesChanges(transaction, incident.changes(transaction.index))
    : answer;
}

/** The transactions known so far that a filter lets through, in commit order. */
export function* selectTransactions(incident: Incident, filter: Filter): Generator<ListedTransaction> {
  for (let index = 0; index < incident.length; index++) {
    const transaction = incident.transaction(index);
    if (passesFilter(incident, filter, transaction)) yield transaction;
  }
}
