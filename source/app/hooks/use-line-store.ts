import { createContext, useContext } from 'react';
import type { LineStore } from '../line-store.js';

/** Where finished lines are left for the screen writer; without one, Ink draws them itself. */
export const LineStoreContext = createContext<LineStore | undefined>(undefined);

/** The store of the screen this component is drawn on. */
export function useLineStore(): LineStore | undefined {
  return useContext(LineStoreContext);
}
