/** Makes the incidents named on the command line (`small:replica:1`), without measuring anything. */
import { stopAllServers } from '../servers/server.js';
import { incidentOf } from './incidents.js';
import { shapeNamed } from './shapes.js';

for (const wanted of process.argv.slice(2)) {
  const [name, level, scale] = wanted.split(':');
  const incident = await incidentOf(
    shapeNamed(name),
    level === 'replica' ? 'replica' : 'logical',
    Number(scale ?? 1),
  );
  process.stdout.write(`${JSON.stringify(incident)}\n`);
}
await stopAllServers();
