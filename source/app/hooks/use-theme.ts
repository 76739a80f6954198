import { createContext, useContext } from 'react';
import { type Theme, themeFor } from '../theme.js';

/** The theme of the whole screen. */
export const ThemeContext = createContext<Theme>(themeFor({}));

/** How each style looks here. */
export function useTheme(): Theme {
  return useContext(ThemeContext);
}
