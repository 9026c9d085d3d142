import { tcpServers, udpServers } from '../../../src/flows/servers.js';

export const likelyServer = (transport: 'tcp' | 'udp', port: number): boolean => (transport === 'tcp' ? tcpServers : udpServers).has(port);
