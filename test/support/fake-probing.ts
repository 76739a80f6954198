/** A small invented file system for the picker. */

import type { Probing } from '../../source/app/probing.js';
import { POSTGRES_EPOCH_MS } from '../../source/bytes/timestamp.js';
import { compareSides } from '../../source/timeline/compare-sides.js';
import { historyWithoutParents } from '../../source/timeline/history-file.js';
import type { DataDirectoryProbe, DirectoryProbe } from '../../source/timeline/side-probe.js';
import { FORK_LSN } from './fake-client.js';

function cluster(path: string, over: Partial<DirectoryProbe> = {}): DirectoryProbe {
  return {
    ok: true,
    path,
    kind: 'data-directory',
    majorVersion: 17,
    systemIdentifier: '7432109876543210987',
    state: 'in production',
    timeline: 1,
    timelines: [1],
    history: historyWithoutParents(1),
    checkpointLsn: FORK_LSN - 120_000,
    redoLsn: FORK_LSN - 120_056,
    checkpointTime: (Date.parse('2026-11-21T02:44:47Z') - POSTGRES_EPOCH_MS) * 1000,
    pageSize: 8192,
    walPageSize: 8192,
    walSegmentSize: 16 * 1024 * 1024,
    walLevel: 'logical',
    walDirectory: `${path}/pg_wal`,
    segments: {
      first: '00000001000000000000000A',
      last: '00000001000000000000000F',
      count: 6,
      bytes: 6 * 16 * 1024 * 1024,
      recycled: 0,
      partial: 0,
    },
    standby: false,
    tablespaces: [],
    warnings: [],
    ...over,
  };
}

/** Left timeline 1 at the fork for timeline 2. */
const PROMOTED = [
  { timeline: 1, begin: 0, end: FORK_LSN, reason: 'no recovery target specified' },
  { timeline: 2, begin: FORK_LSN, end: Number.POSITIVE_INFINITY, reason: '' },
];

const DIRECTORIES = [
  '/srv',
  '/srv/old',
  '/srv/new',
  '/srv/other',
  '/srv/running',
  '/srv/photos',
  '/home',
  '/home/photos',
];

const PROBES: Readonly<Record<string, DataDirectoryProbe>> = {
  '/srv/old': cluster('/srv/old'),
  '/srv/new': cluster('/srv/new', { timeline: 2, timelines: [1, 2], history: PROMOTED }),
  '/srv/promoted': cluster('/srv/promoted', { timeline: 2, timelines: [1, 2], history: PROMOTED }),
  '/srv/other': cluster('/srv/other', { systemIdentifier: '6999999999999999999' }),
  '/srv/running': cluster('/srv/running', {
    running: { pid: 4711 },
    warnings: ['A server is running on it (process 4711): its files change while they are read.'],
  }),
};

/** Probing over that file system. */
export const fakeProbing: Probing = {
  probe: (path) =>
    PROBES[path] ?? {
      ok: false,
      path,
      reason:
        DIRECTORIES.includes(path) || path === '/'
          ? 'not a data directory: it has neither PG_VERSION nor WAL segments'
          : `${path} does not exist`,
      browsable: DIRECTORIES.includes(path) || path === '/',
    },
  complete: (text) => {
    const directory = text.slice(0, text.lastIndexOf('/') + 1);
    return DIRECTORIES.filter(
      (path) =>
        path.startsWith(text) &&
        path.startsWith(directory) &&
        !path.slice(directory.length).includes('/') &&
        path !== directory,
    );
  },
  propose: () => ['/srv/old', '/srv/new'],
  compare: compareSides,
  resolve: (text) => (text.length > 1 ? text.replace(/\/+$/, '') : text),
};
