/** The TUI on an invented incident, to look at: `node dist/test/support/fake-app.js [transactions] [--stream]`. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp } from '../../source/app/run-app.js';
import { openSessionStore } from '../../source/incident/session.js';
import { threadedPreserving } from '../../source/preserve/preserving.js';
import { FakeClient } from './fake-client.js';
import { fakeProbing } from './fake-probing.js';

const transactions = Number(process.argv[2] ?? 1_000_000);
const streaming = process.argv.includes('--stream');

function connect(): FakeClient {
  const client = new FakeClient({ transactions, atOnce: streaming ? 0 : undefined, delay: 2 });
  if (streaming) {
    let known = 0;
    const timer = setInterval(() => {
      known += Math.ceil(transactions / 200);
      client.read(known);
      if (known >= transactions || client.closed) clearInterval(timer);
    }, 100);
  }
  return client;
}

process.exitCode = await runApp({
  connect,
  probing: fakeProbing,
  preserving: threadedPreserving(),
  sessions: openSessionStore(join(tmpdir(), 'forkpoint-fake-sessions')),
  stdin: process.stdin,
  stdout: process.stdout,
  env: process.env,
  workingDirectory: '/srv',
  request: process.argv.includes('--pick') ? undefined : { old: '/srv/old', new: '/srv/new' },
});
