/** What the picker asks of the file system; tests give it a small invented world instead. */
import { compareSides, type SidesComparison } from '../timeline/compare-sides.js';
import { completePath, proposeDataDirectories, resolveTypedPath } from '../timeline/find-directories.js';
import { probeDataDirectory } from '../timeline/probe.js';
import type { DataDirectoryProbe } from '../timeline/side-probe.js';

/** The picker's eyes. No call throws; what cannot be read is a refusal. */
export interface Probing {
  probe(path: string): DataDirectoryProbe;
  /** Directories whose path begins with `text`, for Tab; with a trailing slash: what is inside. */
  complete(text: string): readonly string[];
  /** Data directories worth proposing on this machine. */
  propose(): readonly string[];
  compare(old: DataDirectoryProbe, fresh: DataDirectoryProbe): SidesComparison;
  /** The absolute path that a typed text stands for. */
  resolve(text: string): string;
}

/** This machine's file system. */
export function fileSystemProbing(env: NodeJS.ProcessEnv, workingDirectory: string, home: string): Probing {
  return {
    probe: probeDataDirectory,
    complete: (text) => completePath(text, home, workingDirectory),
    propose: () => proposeDataDirectories(env, workingDirectory),
    compare: compareSides,
    resolve: (text) => resolveTypedPath(text, home, workingDirectory),
  };
}
