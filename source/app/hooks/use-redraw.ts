import { useSyncExternalStore } from 'react';
import type { Redraw } from '../redraw.js';

/** Draws the component again whenever a frame was asked for. */
export function useRedraw(redrawer: Redraw): void {
  useSyncExternalStore(redrawer.subscribe, redrawer.version);
}
