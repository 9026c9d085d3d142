import type { SourceKind } from './recognise.js';

/** A file that a catalogued set is known by. */
export interface KnownFile {
  readonly name: string;
  /** SHA-256 of the content, decompressed, hex. */
  readonly sha256: string;
}

/** A labelled set that netloop reads: where it comes from, on what terms, in which form. */
export interface Dataset {
  readonly name: string;
  readonly title: string;
  /** Page to get it from; 'shipped' for what is in the repository. */
  readonly from: string;
  readonly terms: string;
  readonly cite: string;
  /** Which of its files are read, and as what. */
  readonly form: string;
  /** What its files are, by content: nothing else is imported under its name. */
  readonly kinds: readonly SourceKind[];
  /** What a researcher must know before believing a number. */
  readonly caution: string;
  readonly files: readonly KnownFile[];
}

const stratosphere = 'https://www.stratosphereips.org';

/** The public sets, and the lab capture that ships. Hashes are of files that were read and counted in netloop's own tests. */
export const catalogue: readonly Dataset[] = [
  {
    name: 'lab',
    title: 'netloop lab: benign users and real attack tools between network namespaces, two days',
    from: 'shipped',
    terms: 'Apache-2.0, as netloop',
    cite: 'datasets/lab/README.md',
    form: 'pcap (headers only) with truth per flow',
    kinds: ['capture'],
    caution: 'one lab, minutes and not weeks',
    files: [],
  },
  {
    name: 'nsl-kdd',
    title: 'NSL-KDD: KDD-99 without its duplicates',
    from: 'https://www.unb.ca/cic/datasets/nsl.html',
    terms: 'free for research, cite the paper',
    cite: 'Tavallaee, Bagheri, Lu, Ghorbani: A Detailed Analysis of the KDD CUP 99 Data Set, CISDA 2009',
    form: 'KDDTrain+.txt, KDDTest+.txt (41 features, label, difficulty; no header)',
    kinds: ['kdd'],
    caution: 'no addresses, no times, shuffled: only flow by flow',
    files: [{ name: 'KDDTrain+.txt', sha256: '1b86d2f957b33082081bba410fe129b475efebcc13c9014c3f447c8271aadf95' }],
  },
  {
    name: 'kdd99',
    title: 'KDD Cup 1999, the 10 % sample',
    from: 'https://kdd.ics.uci.edu/databases/kddcup99/kddcup99.html',
    terms: 'UCI KDD archive, free to use, cite the archive',
    cite: 'Stolfo, Fan, Lee, Prodromidis, Chan: KDD Cup 1999 Data',
    form: 'kddcup.data_10_percent or kddcup99.csv (41 features, label)',
    kinds: ['kdd'],
    caution: 'no addresses; most rows are copies of each other',
    files: [{ name: 'kddcup99.csv', sha256: '776b67b947d9350cb76266dfb29f44142c03fdf514abc36a1791d2937ff7ebed' }],
  },
  {
    name: 'ctu13',
    title: 'CTU-13: thirteen botnet scenarios in a real campus network',
    from: `${stratosphere}/datasets-ctu13`,
    terms: 'free for research, cite the paper',
    cite: 'Garcia, Grill, Stiborek, Zunino: An Empirical Comparison of Botnet Detection Methods, Computers & Security 45, 2014',
    form: '*.binetflow (Argus)',
    kinds: ['binetflow', 'capture'],
    caution: 'one to ten bots in a campus: "always benign" scores 99 % and more; background is unknown, not proven benign',
    files: [{ name: 'ctu13_s6_dev_1001-1120.binetflow', sha256: '22d7381267e93046b5d608c79f38407a55a11d944eabe97b8ad3fe1a4c5a646f' }],
  },
  {
    name: 'ctu50',
    title: 'CTU-50 in the security datasets for testing: a user under attack from the Internet, labelled Zeek logs',
    from: 'https://github.com/stratosphereips/security-datasets-for-testing',
    terms: 'GPL-2.0, cite the repository',
    cite: 'Garcia, Valeros: Security Datasets for Testing, Stratosphere Laboratory, CTU in Prague',
    form: 'conn.log.labeled (Zeek TSV)',
    kinds: ['zeek'],
    caution: 'sorted by end; attackers are outside, the user is benign throughout',
    files: [
      { name: '008-conn.log.labeled', sha256: 'd8ebdbd675c1659b4b283fcd26ad0dad8a2043ed6ca37f9806c11d99f24ba40f' },
      { name: '011-conn.log.labeled', sha256: '77e50a7fd5f71568354b3c903d7823e51b570c51b408c62a108a9cd78cbeeb87' },
    ],
  },
  {
    name: 'iot23',
    title: 'IoT-23: malware and benign traffic of IoT devices, labelled Zeek logs',
    from: `${stratosphere}/datasets-iot23`,
    terms: 'free for research with citation',
    cite: 'Garcia, Parmisano, Erquiaga: IoT-23, Stratosphere Laboratory, 2020, doi 10.5281/zenodo.4743746',
    form: 'conn.log.labeled (Zeek TSV, both ways of packing labels)',
    kinds: ['zeek', 'capture'],
    caution: 'a malware capture is almost all attack: "always attack" scores 92 % on 34-1',
    files: [
      { name: '34-1-conn.log.labeled', sha256: '1c9fbd8a90bde2606e928beb9957a97f615179e8b1ba65bba0cf594d0395e1f1' },
      { name: '34-1-conn.tabs.log.labeled', sha256: 'd69e49b2aae8c1bd33286936531658202dec47d989f0439bad3f8be180467a6e' },
      { name: '4-1-conn.log.labeled', sha256: 'aebe40ea0e03b120265a5c7bc140dd9b0d3fe2fce65559e84776b7dd5360e71e' },
      { name: '5-1-conn.log.labeled', sha256: 'f36db06e7d6ba7364e932a5b003f75835e004b320d70019e8a2f0ba8685d9262' },
    ],
  },
  {
    name: 'unsw-nb15',
    title: 'UNSW-NB15: a testbed with generated attacks of nine families',
    from: 'https://research.unsw.edu.au/projects/unsw-nb15-dataset',
    terms: 'free for academic research; commercial use by agreement with the authors',
    cite: 'Moustafa, Slay: UNSW-NB15, MilCIS 2015',
    form: 'UNSW-NB15_1.csv to _4.csv (raw, 49 columns with srcip; the train/test files have no addresses and are not read)',
    kinds: ['unsw'],
    caution: 'TTLs tell the attack hosts apart and are never read; whole seconds; unsorted',
    files: [{ name: 'unsw_first3500_labelled.csv', sha256: '61776e8929981e7db583382de9c0ea4b4b2abcd3cf8b153021b45ba881a238a3' }],
  },
];
