// Where everything lies. Octet offsets; all numbers little-endian, as WebAssembly has them. `src/flows/rows.ts` reads rows and writes packets
// with the same numbers.

// --- an open flow: 256 octets ---
export const RECORD: usize = 256;
export const HASH: usize = 0; // u32
export const ID: usize = 4; // u32, in the order of opening
export const NEXT: usize = 8; // u32: next of the wheel's slot, or of a list
export const PREV: usize = 12; // u32: address of the word that points here
export const FIRST: usize = 16; // f64, microseconds: first and last packet
export const LAST: usize = 24;
export const OPENED: usize = 32; // f64: the table's clock at the first packet
export const TOUCHED: usize = 40; // f64: and at the last; with CLOSING, at the close
export const DUE: usize = 48; // f64: when it ends if nothing more comes
export const PROTOCOL: usize = 56; // u8
export const VERSION: usize = 57; // u8: 4 or 6
export const VLAN: usize = 58; // i16: -1 without
export const TUNNEL: usize = 60; // u16: number of the tunnel's name, 0 without
export const STATUS: usize = 62; // u8: bits below
export const LETTERS: usize = 63; // u8: length of the history
export const HISTORY: usize = 64; // 12 letters; longer ones lie in the oddities
export const ODD: usize = 76; // u32: address of the oddities, 0 without
export const SIDES: usize = 80; // side 0 sent the first packet, side 1 follows
export const SIDE: u32 = 88;

// Bits of STATUS.
export const FLIPPED: u32 = 1; // side 1 is the originator
export const CLOSING: u32 = 2; // forgotten soon: TOUCHED is when the close was complete
export const DEFERRED: u32 = 4; // a side closed while data before its FIN was missing
export const PARTIAL_FLOW: u32 = 8; // no SYN was seen where one belongs

// --- one side of a flow ---
export const ADDRESS: usize = 0; // four u32, most significant first
export const PORT: usize = 16; // u16
export const MARKS: usize = 18; // u8: bits below
export const SEEN: usize = 19; // u8: letters already in the history
export const PACKETS: usize = 20; // u32
export const IP_BYTES: usize = 24; // u64
export const BYTES: usize = 32; // i64, not TCP: payload, -1 before the first packet
export const FLAG_COUNTS: usize = 40; // u32 SYN, FIN, RST, ACK of both sides, in side 0; five-tuple view only
export const START: usize = 32; // u32, TCP from here on: sequence numbers, as Zeek keeps them
export const HIGHEST: usize = 36; // u32
export const ACKED: usize = 40; // u32
export const HIGHEST_WRAPS: usize = 44; // u16
export const ACKED_WRAPS: usize = 46; // u16
export const FIN_SEQ: usize = 48; // i64, relative to the SYN
export const LAST_SYN: usize = 56; // u32, on the circle, relative
export const LAST_FIN: usize = 60;
export const LAST_RST: usize = 64;
export const END_STATE: usize = 68; // u8
export const PREVIOUS: usize = 69; // u8
export const DELIVERED: usize = 72; // i64, relative: received in order, acknowledged
export const TRIMMED: usize = 80;

// Bits of MARKS.
export const SPOKE: u32 = 1;
export const DID_CLOSE: u32 = 2;
export const FINS: u32 = 4;
export const LOST: u32 = 8;
export const ENDED: u32 = 16;

// --- what few flows have: 144 octets ---
export const ODDITIES: usize = 144;
export const LONG_HISTORY: usize = 0; // 64 letters
export const MISSED: usize = 64; // u64
export const WRONG_FRAGMENTS: usize = 72; // u32
export const URGENT: usize = 76; // u32
export const CARRIER: usize = 80; // i32: id of the flow around this one, -1 without
export const CARRIER_CHANGES: usize = 84; // u32
export const ODD_SIDES: usize = 88;
export const ODD_SIDE: u32 = 24;
export const BAD_CHECKSUMS: usize = 0; // u32, of one side
export const RETRANSMISSIONS: usize = 4;
export const ZERO_WINDOWS: usize = 8;
export const GAPS: usize = 12;
export const BLOCKS: usize = 16; // u32: address of blocks beyond a hole, as pairs of i64
export const BLOCK_COUNT: usize = 20; // u16: pairs
export const BLOCK_CLASS: usize = 22; // u16: size class of the memory at BLOCKS

// --- the packet at hand ---
export const P: usize = memory.data(128, 16);
export const P_TS: usize = 0; // f64, microseconds
export const P_WIRE: usize = 8; // f64: octets of the frame
export const P_IP_LENGTH: usize = 16; // f64
export const P_PAYLOAD: usize = 24; // f64
export const P_SRC: usize = 32; // four u32
export const P_DST: usize = 48;
export const P_SEQ: usize = 64; // u32
export const P_ACK: usize = 68;
export const P_WINDOW: usize = 72;
export const P_FLAGS: usize = 76;
export const P_SRC_PORT: usize = 80;
export const P_DST_PORT: usize = 84;
export const P_VERSION: usize = 88;
export const P_PROTOCOL: usize = 92;
export const P_VLAN: usize = 96; // i32
export const P_TUNNEL: usize = 100;
export const P_SOUND: usize = 104; // 1: its transport checksum is right, or cannot be judged
export const P_CARRIER: usize = 108; // i32
export const P_OVERLAPS: usize = 112; // u32

// --- what happened to a flow: a row of 248 octets, handed out in the order of events ---
export const ROW: u32 = 248;
export const ROWS: u32 = 64; // few enough to stay near the processor until they are read
export const R_AT: usize = 0; // f64 each: time of the event, first and last packet
export const R_FIRST: usize = 8;
export const R_LAST: usize = 16;
export const R_ORIG_BYTES: usize = 24;
export const R_RESP_BYTES: usize = 32;
export const R_ORIG_IP: usize = 40;
export const R_RESP_IP: usize = 48;
export const R_MISSED: usize = 56;
export const R_KIND: usize = 64; // u32 each: 0 opened, 1 updated, 2 closed
export const R_END: usize = 68;
export const R_ID: usize = 72;
export const R_PROTOCOL: usize = 76;
export const R_VERSION: usize = 80;
export const R_VLAN: usize = 84;
export const R_TUNNEL: usize = 88;
export const R_STATE: usize = 92; // place in `connStates`
export const R_ORIG_PORT: usize = 96;
export const R_RESP_PORT: usize = 100;
export const R_ORIG_PACKETS: usize = 104;
export const R_RESP_PACKETS: usize = 108;
export const R_WRONG_FRAGMENTS: usize = 112;
export const R_URGENT: usize = 116;
export const R_ORIG: usize = 120; // four u32
export const R_RESP: usize = 136;
export const R_FLAGS: usize = 152; // SYN, FIN, RST, ACK
export const R_LETTERS: usize = 168;
export const R_HISTORY: usize = 172; // 64 letters; behind a shorter history the first twelve are zeros

// IP protocols and TCP's flags.
export const ICMP: u32 = 1;
export const TCP: u32 = 6;
export const UDP: u32 = 17;
export const ICMP6: u32 = 58;
export const SCTP: u32 = 132;
export const FIN: u32 = 1;
export const SYN: u32 = 2;
export const RST: u32 = 4;
export const ACK: u32 = 16;
export const URG: u32 = 32;
