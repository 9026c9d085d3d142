/**
 * Ports that a server is likely to own: where a connection is seen first from such a port, its roles are turned round (Zeek's
 * `likely_server_ports` as its base scripts fill it).
 */
export const tcpServers = new Set([
  21, 22, 25, 53, 79, 80, 81, 88, 110, 113, 135, 139, 143, 389, 443, 445, 502, 563, 585, 587, 614, 631, 636, 989, 990, 992, 993, 995, 1080,
  1434, 1883, 2811, 3128, 3268, 3306, 3389, 5222, 5223, 5269, 5432, 6379, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000,
]);
export const udpServers = new Set([
  53, 67, 88, 123, 137, 161, 162, 389, 443, 514, 1812, 2123, 2152, 3268, 3389, 3544, 4789, 5060, 5072, 5353, 5355, 6081, 20000,
]);
