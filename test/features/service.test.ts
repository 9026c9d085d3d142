import { describe, expect, it } from 'vitest';
import { kddService, serviceOf } from '../../src/features/service.js';

describe('services', () => {
  it.each([
    ['tcp', 40_000, 80, 'http', 'http'],
    ['tcp', 40_000, 53, 'domain', 'dns'],
    ['udp', 40_000, 53, 'domain_u', 'dns'],
    ['tcp', 40_000, 22, 'ssh', 'ssh'],
    ['tcp', 20, 45_000, 'ftp_data', '-'],
    ['tcp', 40_000, 6002, 'X11', '-'],
    ['udp', 40_000, 161, 'private', 'snmp'],
    ['tcp', 40_000, 1023, 'private', '-'],
    ['tcp', 40_000, 50_001, 'other', '-'],
    ['icmp', 8, 0, 'eco_i', '-'],
    ['icmp', 0, 0, 'ecr_i', '-'],
    ['icmp', 3, 3, 'urp_i', '-'],
    ['icmp', 3, 1, 'urh_i', '-'],
    ['icmp', 11, 0, 'tim_i', '-'],
    ['icmp', 5, 1, 'red_i', '-'],
    ['icmp6', 135, 0, 'oth_i', '-'],
    ['sctp', 1, 2, 'other', '-'],
  ])('%s %i -> %i is %s to KDD and %s to Zeek', (proto, from, to, kdd, zeek) => {
    expect(kddService(proto, from, to)).toBe(kdd);
    expect(serviceOf(proto, to)).toBe(zeek);
  });
});
