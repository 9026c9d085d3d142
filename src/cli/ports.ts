import * as engines from '../engines/ports.js';
import type { Spec } from '../spec.js';
import { findHome, type Home, prepareHome } from '../stores/home.js';
import type { FileRegistry } from '../stores/registry-files.js';

export { folderOf, packageRoot } from '../engines/ports.js';

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const words: engines.HomeWords = {
  onWarning: ({ code, message }) => say(`${code} ${message}`),
  onRecovered: ({ learner, number, outcome, reason }) =>
    say(`${learner} cycle ${number} was cut short by the last process: ${outcome}, ${reason}`),
};

export const openHome = (): Home => findHome(process.cwd(), process.env);

/** The registry of this folder's home alone. Reading it creates nothing and needs no right to write. */
export const openRegistry = ({ write = false } = {}): { registry: FileRegistry; close: () => Promise<void> } =>
  engines.openRegistry(write ? prepareHome(openHome()) : openHome(), words);

/** Every port of an experiment on this folder's home; what happens there is told on standard error. */
export const openPorts = (spec: Spec, how: Pick<engines.PortsOptions, 'oneThread'> = {}): Promise<engines.HomePorts> =>
  engines.openPorts(spec, openHome(), { ...words, ...how });
