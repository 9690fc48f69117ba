// kafkajs behind the line protocol that ../README.md describes. kafkajs consumes only in groups, so reading by
// partition and offset goes through its own cluster and broker layer, which encodes, decodes and decompresses.
'use strict'
const fs = require('fs')
const readline = require('readline')
const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require('kafkajs')
const Snappy = require('kafkajs-snappy')
const lz4 = require('lz4-napi')
const zstd = require('@bokuweb/zstd-wasm')
const Cluster = require('kafkajs/src/cluster')
const createSocketFactory = require('kafkajs/src/network/socketFactory')

const bootstrap = process.argv[2]
const codecs = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }
CompressionCodecs[CompressionTypes.Snappy] = Snappy
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async encoder => lz4.compressFrame(encoder.buffer),
  decompress: async buffer => lz4.decompressFrame(buffer),
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async encoder => Buffer.from(zstd.compress(encoder.buffer, 3)),
  decompress: async buffer => Buffer.from(zstd.decompress(buffer)),
})

const encode = value => (value === null || value === undefined ? null : Buffer.from(value).toString('base64'))
const decode = text => (text === null ? null : Buffer.from(text, 'base64'))
const kafka = new Kafka({ clientId: 'proto-tests', brokers: [bootstrap], logLevel: logLevel.NOTHING })

function readRecords(path) {
  const lines = fs.readFileSync(path, 'utf8').split('\n').filter(line => line.length > 0)
  return lines.map(line => {
    const r = JSON.parse(line)
    const headers = {}
    for (const [name, value] of r.h) {
      if (headers[name] === undefined) headers[name] = decode(value)
      else headers[name] = [].concat(headers[name], decode(value))
    }
    return { timestamp: String(r.t), key: decode(r.k), value: decode(r.v), headers }
  })
}

async function create(command) {
  const admin = kafka.admin()
  await admin.connect()
  try {
    await admin.createTopics({ topics: [{ topic: command.topic, numPartitions: command.partitions, replicationFactor: 1 }] })
  } finally {
    await admin.disconnect()
  }
}

// One batch per 50 records: kafkajs turns one send into one batch, and the broker's limit is on the batch.
async function produce(command) {
  const producer = kafka.producer({ idempotent: command.idempotent, maxInFlightRequests: 1, allowAutoTopicCreation: false })
  await producer.connect()
  const offsets = []
  try {
    const records = readRecords(command.file)
    let batch = []
    let bytes = 0
    const flush = async () => {
      if (batch.length === 0) return
      const messages = batch.map(m => ({ ...m, partition: command.partition }))
      const answer = await producer.send({ topic: command.topic, acks: -1, compression: codecs[command.codec], messages })
      for (let i = 0; i < messages.length; i++) offsets.push(Number(answer[0].baseOffset) + i)
      batch = []
      bytes = 0
    }
    for (const record of records) {
      const size = record.value === null ? 0 : record.value.length
      if (batch.length >= 50 || bytes + size > 900000) await flush()
      batch.push(record)
      bytes += size
    }
    await flush()
  } finally {
    await producer.disconnect()
  }
  return { offsets }
}

async function startOffset(command) {
  if (command.timestamp === undefined && command.offset >= 0) return command.offset
  const admin = kafka.admin()
  await admin.connect()
  try {
    const list = command.timestamp !== undefined
      ? await admin.fetchTopicOffsetsByTimestamp(command.topic, command.timestamp)
      : await admin.fetchTopicOffsets(command.topic)
    const found = list.find(p => p.partition === command.partition)
    return Number(command.timestamp !== undefined ? found.offset : found.low)
  } finally {
    await admin.disconnect()
  }
}

async function consume(command) {
  const cluster = new Cluster({
    logger: silent(), socketFactory: createSocketFactory(), brokers: [bootstrap], clientId: 'proto-tests', connectionTimeout: 5000,
    requestTimeout: 30000, retry: { retries: 5 }, allowAutoTopicCreation: false, offsets: new Map(),
  })
  const out = fs.openSync(command.file, 'w')
  let left = command.count
  try {
    let offset = await startOffset(command)
    await cluster.connect()
    await cluster.addTargetTopic(command.topic)
    await cluster.refreshMetadataIfNecessary()
    const leaders = cluster.findLeaderForPartitions(command.topic, [command.partition])
    const broker = await cluster.findBroker({ nodeId: Object.keys(leaders)[0] })
    const end = Date.now() + 30000
    while (left > 0) {
      if (Date.now() > end) throw new Error(`timed out, ${left} records missing`)
      const answer = await broker.fetch({
        maxWaitTime: 500, minBytes: 1, maxBytes: 10485760, isolationLevel: 0, replicaId: -1, rackId: '',
        topics: [{ topic: command.topic, partitions: [{ partition: command.partition, fetchOffset: String(offset), maxBytes: 1048576 }] }],
      })
      for (const topic of answer.responses) {
        for (const partition of topic.partitions) {
          for (const m of partition.messages) {
            if (Number(m.offset) < offset || left <= 0) continue
            offset = Number(m.offset) + 1
            left -= 1
            const h = []
            for (const [name, value] of Object.entries(m.headers || {})) {
              for (const one of Array.isArray(value) ? value : [value]) h.push([name, encode(one)])
            }
            fs.writeSync(out, JSON.stringify({ o: Number(m.offset), t: Number(m.timestamp), k: encode(m.key), v: encode(m.value), h }) + '\n')
          }
        }
      }
    }
  } finally {
    fs.closeSync(out)
    await cluster.disconnect()
  }
}

function silent() {
  const logger = { namespace: () => logger, setLogLevel() {}, info() {}, error() {}, warn() {}, debug() {} }
  return logger
}

const commands = { create, produce, consume }

async function main() {
  await zstd.init()
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer
    try {
      const command = JSON.parse(line)
      answer = { ok: true, ...(await commands[command.op](command)) }
    } catch (error) {
      answer = { ok: false, error: String(error && error.message ? `${error.name}: ${error.message}` : error) }
    }
    process.stdout.write(JSON.stringify(answer) + '\n')
  }
}

main()
