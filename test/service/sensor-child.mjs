// A deployment as a process: reads its alerts from stdin, keeps them a few at a time, and sends them to its hub until it is killed.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createMemoryRegistry } from '../../dist/registry.js';
import { createSensor } from '../../dist/service/sensor.js';
import { createAlertStore } from '../../dist/stores/alerts-sqlite.js';

const [hub, key, state] = process.argv.slice(2);
let text = '';
for await (const chunk of process.stdin) text += chunk;
const store = createAlertStore(join(state, 'alerts.db'));
createSensor({ hub, key, alerts: store, registry: createMemoryRegistry(), reload: async () => {}, state, every: 50 });
const alerts = JSON.parse(text);
for (let at = 0; at < alerts.length; at += 20) {
  await store.append(alerts.slice(at, at + 20));
  process.stdout.write('.');
  await sleep(60);
}
setInterval(() => {}, 1000);
