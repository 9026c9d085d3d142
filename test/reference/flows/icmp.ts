import { answers4, answers6 } from '../../../src/flows/icmp.js';

/** The type that pairs with this one, or -1 for a message without an answer (Zeek then takes the code as the responder's port). */
export const counterpart = (v6: boolean, type: number): number => (v6 ? answers6 : answers4)[type] ?? -1;
