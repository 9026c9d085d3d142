/** Pairs of question and answer (RFC 792, 950, 1256, 4443, 4861, 2710, 4620, 6275): the type that answers a type. */
export const answers4: Readonly<Record<number, number>> = { 8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 10: 9, 9: 10, 17: 18, 18: 17 };
export const answers6: Readonly<Record<number, number>> = {
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
