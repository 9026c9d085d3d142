// What was set aside, and how flows ended.

/** u32 each: flows by end (5), then packets set aside for their checksum: IP, TCP, ICMP, ICMPv6. */
export const tallies: usize = memory.data(64, 16);
export const BAD_HEADER: usize = 20;
export const BAD_TCP: usize = 24;
export const BAD_ICMP: usize = 28;
export const BAD_ICMP6: usize = 32;

export function count(at: usize): void {
  store<u32>(tallies + at, load<u32>(tallies + at) + 1);
}
