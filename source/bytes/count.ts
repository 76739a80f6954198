/** Numbers for people. Not by toLocaleString: loading a locale takes longer than finding a fork. */

/** `1,234,567`. */
export function formatCount(count: number): string {
  return String(Math.trunc(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}
