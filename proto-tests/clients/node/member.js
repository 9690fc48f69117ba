// A member of a consumer group by kafkajs; ../README.md describes what it prints.
'use strict'
const fs = require('fs')
const { Kafka, logLevel } = require('kafkajs')

const spec = JSON.parse(process.argv[2])
const event = (name, fields) => fs.writeSync(1, JSON.stringify({ e: name, t: Date.now(), ...fields }) + '\n')
const kafka = new Kafka({ clientId: 'proto-tests', brokers: [spec.bootstrap], logLevel: logLevel.NOTHING })
const consumer = kafka.consumer({
  groupId: spec.group, sessionTimeout: spec.session_ms, heartbeatInterval: spec.heartbeat_ms, maxWaitTimeInMs: 100,
  metadataMaxAge: 1000, allowAutoTopicCreation: false, retry: { retries: 20, maxRetryTime: 1000 },
})
let owned = []

// kafkajs tells of an assignment and of a rebalance to come; what it held until then is revoked.
function give(member) {
  if (owned.length > 0) event('revoked', { p: owned, m: member })
  owned = []
}
consumer.on(consumer.events.REBALANCING, e => give(e.payload.memberId))
consumer.on(consumer.events.GROUP_JOIN, e => {
  give(e.payload.memberId)
  owned = Object.entries(e.payload.memberAssignment).flatMap(([topic, list]) => list.map(p => `${topic}-${p}`))
  event('assigned', { p: owned, m: e.payload.memberId })
})
consumer.on(consumer.events.CRASH, e => event('error', { error: String(e.payload.error) }))

async function main() {
  await consumer.connect()
  await consumer.subscribe({ topic: spec.pattern ? new RegExp(spec.pattern) : spec.topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, commitOffsetsIfNecessary, heartbeat, isStale, isRunning }) => {
      if (isStale() || !isRunning()) return
      event('got', { p: `${batch.topic}-${batch.partition}`, o: batch.messages.map(m => Number(m.offset)) })
      const next = String(BigInt(batch.lastOffset()) + 1n)
      resolveOffset(batch.lastOffset())
      try {
        // Not consumer.commitOffsets: what that fails with no longer tells kafkajs that the member must join again.
        const partitions = [{ partition: batch.partition, offset: next }]
        await commitOffsetsIfNecessary({ topics: [{ topic: batch.topic, partitions }] })
        event('committed')
      } catch (error) {
        event('commit failed', { error: error.type || error.name })
        throw error
      }
      await heartbeat()
    },
  })
}

process.on('SIGTERM', async () => {
  await consumer.disconnect()
  give('')
  event('left')
  process.exit(0)
})
main().catch(error => {
  event('failed', { error: String(error) })
  process.exit(1)
})
