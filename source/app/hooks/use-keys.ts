import { useInput } from 'ink';
import { useRef } from 'react';
import { type KeyPress, keyPresses, PASTE_BEGIN, PASTE_END } from '../keys.js';

/** Hands every key press on. Pasted text comes as one press named `paste`: it types, but never acts as keys. */
export function useKeys(press: (press: KeyPress) => void): void {
  const pasted = useRef<string | undefined>(undefined);
  useInput((input, key) => {
    if (input === PASTE_BEGIN) pasted.current = '';
    else if (input === PASTE_END) {
      if (pasted.current) press({ name: 'paste', text: pasted.current });
      pasted.current = undefined;
    } else if (pasted.current !== undefined) pasted.current += key.return ? '\n' : input;
    else for (const one of keyPresses(input, key)) press(one);
  });
}
