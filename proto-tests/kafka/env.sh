# Sourced by the launchers: where the work tree, its target directory and the Kafka jars are.
KAFKA_HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
ROOT="$(cd "$KAFKA_HERE/../.." && pwd)"
TARGET="${CARGO_TARGET_DIR:-$ROOT/target}"
KAFKA_LIBS="$TARGET/kafka/libs"
JAVA="${JAVA_HOME:+$JAVA_HOME/bin/}java"

need_kafka() {
  if ! ls "$KAFKA_LIBS"/kafka_2.13-*.jar >/dev/null 2>&1; then
    echo "Apache Kafka is not in $KAFKA_LIBS: run proto-tests/setup first" >&2
    exit 2
  fi
}
