/** The commands that scripts run: each reads an incident, says what it found, and ends. Together behind one door, since they are made of the same. */
export { check } from './check.js';
export { exportLost } from './export.js';
export { inspect } from './inspect.js';
export { list } from './list.js';
export { preserveLost } from './preserve.js';
export { rewind } from './rewind.js';
