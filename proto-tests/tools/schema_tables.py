#!/usr/bin/env python3
"""Writes src/protocol/guard/schema/*.rs from the message schemas of Apache Kafka.

    schema_tables.py SCHEMAS OUT     SCHEMAS: a directory of *.json, as they lie in kafka-clients' jar under common/message

Run it when the Kafka version that Ottla follows changes, and read the difference.
"""
import json
import pathlib
import re
import sys

GROUPS = {
    "data": ("Records in and out: Produce, Fetch, and the questions about offsets.",
             "Produce Fetch ListOffsets OffsetForLeaderEpoch DeleteRecords DescribeProducers FetchSnapshot"),
    "topics": ("Topics: what there is of them, creation, deletion, placement.",
               "Metadata CreateTopics DeleteTopics CreatePartitions DescribeTopicPartitions ElectLeaders "
               "AlterPartitionReassignments ListPartitionReassignments AlterReplicaLogDirs DescribeLogDirs"),
    "configs": ("Configurations, quotas and client telemetry.",
                "DescribeConfigs AlterConfigs IncrementalAlterConfigs ListConfigResources DescribeClientQuotas "
                "AlterClientQuotas GetTelemetrySubscriptions PushTelemetry"),
    "groups": ("Consumer groups: coordination and committed offsets.",
               "OffsetCommit OffsetFetch FindCoordinator JoinGroup Heartbeat LeaveGroup SyncGroup DescribeGroups ListGroups "
               "DeleteGroups OffsetDelete ConsumerGroupHeartbeat ConsumerGroupDescribe"),
    "transactions": ("Transactions and producer ids.",
                     "InitProducerId AddPartitionsToTxn AddOffsetsToTxn EndTxn WriteTxnMarkers TxnOffsetCommit "
                     "DescribeTransactions ListTransactions AllocateProducerIds"),
    "security": ("Authentication and authorization: SASL, ACLs, delegation tokens, SCRAM credentials.",
                 "SaslHandshake SaslAuthenticate DescribeAcls CreateAcls DeleteAcls CreateDelegationToken RenewDelegationToken "
                 "ExpireDelegationToken DescribeDelegationToken DescribeUserScramCredentials AlterUserScramCredentials"),
    "cluster": ("The cluster: versions, features, brokers and controllers.",
                "ApiVersions DescribeCluster UpdateFeatures AlterPartition BrokerRegistration BrokerHeartbeat UnregisterBroker "
                "ControllerRegistration AssignReplicasToDirs Envelope"),
    "quorum": ("The controllers' quorum.",
               "Vote BeginQuorumEpoch EndQuorumEpoch DescribeQuorum AddRaftVoter RemoveRaftVoter UpdateRaftVoter"),
    "share": ("Share groups (KIP-932) as their members and administrators see them.",
              "ShareGroupHeartbeat ShareGroupDescribe ShareFetch ShareAcknowledge DescribeShareGroupOffsets "
              "AlterShareGroupOffsets DeleteShareGroupOffsets"),
    "share_state": ("The state of share groups, between brokers.",
                    "InitializeShareGroupState ReadShareGroupState WriteShareGroupState DeleteShareGroupState "
                    "ReadShareGroupStateSummary"),
    "streams": ("Streams groups (KIP-1071).", "StreamsGroupHeartbeat StreamsGroupDescribe"),
}
SIZES = {"bool": 1, "int8": 1, "int16": 2, "uint16": 2, "int32": 4, "int64": 8, "float64": 8, "uuid": 16, "string": 32,
         "bytes": 32, "records": 32}
LAST = 32767


def load(path):
    """A schema, its // comments taken out."""
    text = re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*', lambda m: m.group(1) or "", path.read_text())
    return json.loads(text)


def versions(text):
    """'3+', '0-4', '2' or 'none' as (first, last); None for none."""
    if text is None or text == "none":
        return None
    if text.endswith("+"):
        return int(text[:-1]), LAST
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def upper(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


class Table:
    def __init__(self, schema):
        self.schema = schema
        self.flexible = schema.get("flexibleVersions", "none") != "none"
        self.common = {s["name"]: s for s in schema.get("commonStructs", [])}
        self.nested, self.memory = {}, {}

    def prefix(self):
        return upper(self.schema["name"])

    def type_of(self, field):
        """The Rust text of a field's type, and the bytes that it takes in its structure."""
        name = field["type"]
        if name.startswith("[]"):
            return f"Type::Array(&{self.element(name[2:], field)[0]})", 24
        return self.element(name, field)

    def element(self, name, field):
        if name in SIZES:
            return f"Type::{name.capitalize()}", SIZES[name]
        self.structure(name, field.get("fields") or self.common[name]["fields"])
        return f"Type::Struct(&{self.prefix()}_{upper(name)})", self.memory[name]

    def fields(self, fields):
        lines, size = [], 24 if self.flexible else 0
        for field in fields:
            rust, bytes_ = self.type_of(field)
            size += bytes_
            text = f'field("{field["name"]}", {rust})'
            here, null, tagged = (versions(field.get(k)) for k in ("versions", "nullableVersions", "taggedVersions"))
            if here[0] > 0:
                text += f".since({here[0]})"
            if here[1] != LAST:
                text += f".until({here[1]})"
            if null:
                text += f".null_since({null[0]})" if null[1] == LAST else f".null_in({null[0]}, {null[1]})"
            if tagged:
                assert tagged[1] == LAST, field
                text += f".tagged({field['tag']}, {tagged[0]})"
            lines.append(f"        {text},")
        return lines, (size + 7) // 8 * 8

    def structure(self, name, fields):
        if name in self.nested:
            return
        lines, size = self.fields(fields)
        self.memory[name] = size
        self.nested[name] = [f"static {self.prefix()}_{upper(name)}: Struct = Struct {{", f'    name: "{name}",',
                             f"    memory: {size},", "    fields: &["] + lines + ["    ],", "};"]

    def rust(self):
        lines, size = self.fields(self.schema.get("fields", []))
        out = ["", f"/// {self.schema['name']}, versions {self.schema['validVersions']}.",
               f"pub static {self.prefix()}: Message = Message {{", f"    key: ApiKey::{self.schema['name'].removesuffix('Request').removesuffix('Response')},",
               "    root: Struct {", f'        name: "{self.schema["name"]}",', f"        memory: {size},", "        fields: &["]
        out += ["    " + line for line in lines] + ["        ],", "    },", "};"]
        for nested in self.nested.values():
            out += [""] + nested
        return out


def main(schemas, out):
    names, files = {}, {}
    for group, (about, apis) in GROUPS.items():
        for part in ("request", "response"):
            lines = []
            for api in apis.split():
                schema = load(schemas / f"{api}{part.capitalize()}.json")
                table = Table(schema)
                names.setdefault(part, []).append((schema["apiKey"], api, group, table.prefix()))
                lines += table.rust()
            files[group, part] = lines
    for group, (about, _) in GROUPS.items():
        folder = out / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "mod.rs").write_text(f"//! {about}\n\npub mod request;\npub mod response;\n")
        for part in ("request", "response"):
            text = "\n".join(files[group, part])
            words = "Message, Struct, Type, field" if "field(" in text else "Message, Struct"
            head = f"//! {about} The {part}s' fields.\n//!\n"
            head += "//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.\n\n"
            head += f"use super::super::{{{words}}};\nuse crate::protocol::api::ApiKey;\n"
            (folder / f"{part}.rs").write_text(head + text + "\n")
    reg = ["//! Which table belongs to which API; made by `proto-tests/tools/schema_tables.py`.", "", "use super::*;", "use crate::protocol::api::ApiKey;", ""]
    for part in ("request", "response"):
        reg += [f"/// The fields of the API's {part}; none for the four APIs that Kafka 4.0 removed.",
                f"pub fn {part}(key: ApiKey) -> Option<&'static Message> {{", "    Some(match key {"]
        for _, api, group, name in sorted(names[part]):
            reg.append(f"        ApiKey::{api} => &{group}::{part}::{name},")
        reg += ["        ApiKey::LeaderAndIsr | ApiKey::StopReplica | ApiKey::UpdateMetadata | ApiKey::ControlledShutdown => return None,",
                "    })", "}", ""]
    (out / "registry.rs").write_text("\n".join(reg))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
