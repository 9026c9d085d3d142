// The inside of a helping thread: it joins one training after another.
import { parentPort, workerData } from 'node:worker_threads';
import { helpTraining, type Invitation } from '../networks/tasks.js';
import { stepBack } from './priority.js';

const { lane, low } = workerData as { lane: number; low: boolean };
if (low) stepBack();
parentPort!.on('message', (invitation: Invitation) => helpTraining(invitation, lane));
