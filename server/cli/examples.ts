/** The examples that each command shows below its help. */

export const MAIN_EXAMPLES = `
Examples:
  odradek start                               a broker on localhost:9092, its data in the default log.dirs
  odradek topics create orders -p 3
  odradek topics list
  echo hello | odradek produce orders
  odradek consume orders --exit
  odradek groups describe billing
  odradek dump-log data/orders-0/00000000000000000000.log
  odradek scrub data
  odradek catalog check data
  odradek repair-log data/orders-0

Exit codes: 0 success or clean stop, 1 failure, 2 usage or settings.`;

export const START_EXAMPLES = `
Examples:
  odradek start --set log.dirs=./data --set listeners=PLAINTEXT://localhost:9092
  odradek start --config server.properties --set log.retention.ms=3600000
  KAFKA_NUM_PARTITIONS=3 odradek start --print-config

Settings have Kafka's names. --set goes before KAFKA_* variables, those before the file, the file before
the default. SIGINT and SIGTERM stop the broker cleanly; a second signal ends it at once.`;

export const TOPICS_EXAMPLES = `
Examples:
  odradek topics create orders --partitions 3 --config retention.ms=3600000
  odradek topics describe orders
  odradek topics delete orders --bootstrap-server broker.example:9092`;

export const CREATE_EXAMPLES = `
Examples:
  odradek topics create orders
  odradek topics create --topic orders --partitions 3 --if-not-exists
  odradek topics create users --config cleanup.policy=compact --config segment.bytes=104857600`;

export const LIST_EXAMPLES = `
Examples:
  odradek topics list
  odradek topics list --bootstrap-server localhost:9093`;

export const DESCRIBE_EXAMPLES = `
Examples:
  odradek topics describe
  odradek topics describe --topic orders`;

export const DELETE_EXAMPLES = `
Examples:
  odradek topics delete orders
  odradek topics delete --topic orders --if-exists`;

export const PRODUCE_EXAMPLES = `
Examples:
  odradek produce orders < lines.txt
  echo 'user-1:signed in' | odradek produce events --key-separator : --header source=shell
  odradek consume orders -f json --exit | odradek produce copy -f json --codec zstd

With --format json each line is {"key":…,"value":…,"headers":[{"key":…,"value":…}],"partition":…,"timestamp":…};
all but the value may be left out, and "keyBase64" and "valueBase64" hold bytes that are no text.`;

export const CONSUME_EXAMPLES = `
Examples:
  odradek consume orders                            everything, and what comes, until Ctrl-C
  odradek consume orders --from -10 --exit          the last ten records of each partition
  odradek consume orders --from 2026-11-22T09:30:00Z --count 100
  odradek consume orders --group billing            goes on where the group was; --from is for its first time
  odradek consume orders -f '%t-%p@%o %T %k: %s\\n'

Fields: %s value, %k key, %t topic, %p partition, %o offset, %T timestamp in ms, %h headers, %S and %K sizes
(-1: null), %R size of the value as four bytes. \\n \\r \\t \\0 \\xNN are escaped as in kcat.`;

export const GROUPS_EXAMPLES = `
Examples:
  odradek groups list
  odradek groups describe billing
  odradek groups reset-offsets billing --topic orders --to-earliest --execute
  odradek groups delete billing`;

export const LIST_GROUPS_EXAMPLES = `
Examples:
  odradek groups list
  odradek groups list --state`;

export const DESCRIBE_GROUPS_EXAMPLES = `
Examples:
  odradek groups describe
  odradek groups describe billing
  odradek groups describe billing --members

LAG is the number of records that are still to be read; - stands for what is not known.`;

export const RESET_EXAMPLES = `
Examples:
  odradek groups reset-offsets billing --topic orders --to-earliest
  odradek groups reset-offsets billing --topic orders:0,1 --to-offset 42 --execute
  odradek groups reset-offsets billing --all-topics --to-datetime 2026-11-22T09:30:00 --execute
  odradek groups reset-offsets billing --all-topics --by-duration PT1H30M --execute
  odradek groups reset-offsets billing --topic orders --shift-by -10 --execute

The group must have no members.`;

export const DELETE_GROUPS_EXAMPLES = `
Examples:
  odradek groups delete billing
  odradek groups delete billing shipping`;

export const DUMP_EXAMPLES = `
Examples:
  odradek dump-log data/orders-0/00000000000000000000.log
  odradek dump-log --records data/orders-0/00000000000000000000.log | less
  odradek dump-log data/orders-0/00000000000000000000.index

Exits with 1 when the file is damaged.`;

export const SCRUB_EXAMPLES = `
Examples:
  odradek scrub data
  odradek scrub data/orders-0
  nice -n 19 ionice -c 3 odradek scrub /var/lib/odradek || mail -s 'damaged logs' ops

A broker may run on the folder; nothing is changed, and what is found is not told to the broker. It reads as fast as the disk
gives. Exits with 1 when anything is damaged.`;

export const REPAIR_EXAMPLES = `
Examples:
  odradek repair-log data/orders-0
  odradek repair-log data/__consumer_offsets-17 --execute

No broker may run on the data directory. Whole batches stay; where only a batch's length, base offset, leader epoch or format
byte has changed, which no checksum covers, it is mended; batches without records take the place of lost ones, so that offsets
stay as they are. What is lost is printed. Segments that are replaced stay as <segment>.damaged. Exits with 1 when damage was
found and --execute was not given.`;

export const CATALOG_EXAMPLES = `
Examples:
  odradek catalog check data
  odradek catalog rebuild data

The catalogs are catalog.mdb (checkpoints, log starts, a copy of the metadata) and metadata.mdb (topics, settings, ids).`;

export const CHECK_EXAMPLES = `
Examples:
  odradek catalog check data
  odradek catalog check /var/lib/odradek && odradek start --set log.dirs=/var/lib/odradek

Changes nothing. Exits with 1 when anything is damaged, missing, or does not fit the folders; meta.properties is checked, too.`;

export const REBUILD_EXAMPLES = `
Examples:
  odradek catalog rebuild data
  odradek catalog rebuild data --node-id 3

metadata.mdb is made of what can be read of it, of its copy in catalog.mdb and of the partition folders; catalog.mdb of the
folders, after which every log is read once. What cannot be known is printed as a WARNING: a topic that is known by its
folders only keeps everything until you set its retention. Files that are replaced stay as <name>.damaged-<n>.`;
