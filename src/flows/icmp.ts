/** Pairs of question and answer (RFC 792, 950, 1256, 4443, 4861, 2710, 4620, 6275): the type that answers a type. */
const answers4: Readonly<Record<number, number>> = { 8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 10: 9, 9: 10, 17: 18, 18: 17 };
const answers6: Readonly<Record<number, number>> = {
  128: 129,
  129: 128,
  130: 131,
  131: 130,
  133: 134,
  134: 133,
  135: 136,
  136: 135,
  139: 140,
  140: 139,
  144: 145,
  145: 144,
  146: 147,
  147: 146,
};

/** The type that pairs with this one, or -1 for a message without an answer (Zeek then takes the code as the responder's port). */
export const counterpart = (v6: boolean, type: number): number => (v6 ? answers6 : answers4)[type] ?? -1;
